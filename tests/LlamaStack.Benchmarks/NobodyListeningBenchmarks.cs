using System.Net;
using BenchmarkDotNet.Attributes;
using LlamaStack.Instrumentation;

namespace LlamaStack.Benchmarks;

/// <summary>The handler in the pipeline, and nobody who listens.</summary>
public class NobodyListeningBenchmarks : IDisposable
{
    private readonly HttpRequestMessage _request = new(HttpMethod.Post, "http://models.example:8321/v1/chat/completions") { Content = new StringContent("{}") };
    private readonly HttpMessageInvoker _bare = new(new ReadyServer());
    private readonly HttpMessageInvoker _handled = new(new GenAIInstrumentationHandler(new ReadyServer()));

    [Benchmark(Baseline = true)]
    public Task<HttpResponseMessage> Bare() => _bare.SendAsync(_request, CancellationToken.None);

    [Benchmark]
    public Task<HttpResponseMessage> Handler() => _handled.SendAsync(_request, CancellationToken.None);

    [GlobalCleanup]
    public void Dispose()
    {
        _bare.Dispose();
        _handled.Dispose();
        _request.Dispose();
        GC.SuppressFinalize(this);
    }

    private sealed class ReadyServer : HttpMessageHandler
    {
        private readonly Task<HttpResponseMessage> _answer = Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _answer;
    }
}
