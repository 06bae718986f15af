using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.AI;
using OpenTelemetry.Trace;

namespace LlamaStack.Benchmarks;

/// <summary>One chunk of some 200 bytes out of a stream of a thousand; all numbers are per chunk.</summary>
public class StreamBenchmarks
{
    private const int Chunks = 1000;

    private IChatClient _client = null!;
    private TracerProvider? _tracing;

    [GlobalSetup(Target = nameof(Bare))]
    public void SetupBare() => Setup(Clients.Bare, null);

    [GlobalSetup(Target = nameof(Ours_without_content))]
    public void SetupOursWithoutContent() => Setup(server => Clients.Ours(server, content: false), Clients.Tracing());

    [GlobalSetup(Target = nameof(Ours_with_content))]
    public void SetupOursWithContent() => Setup(server => Clients.Ours(server, content: true), Clients.Tracing());

    [GlobalSetup(Target = nameof(Microsoft_Extensions_AI_without_content))]
    public void SetupMicrosoftWithoutContent() => Setup(server => Clients.Microsofts(server, content: false), Clients.MicrosoftTracing());

    [GlobalSetup(Target = nameof(Microsoft_Extensions_AI_with_content))]
    public void SetupMicrosoftWithContent() => Setup(server => Clients.Microsofts(server, content: true), Clients.MicrosoftTracing());

    [GlobalCleanup]
    public void Cleanup() => _tracing?.Dispose();

    [Benchmark(Baseline = true, OperationsPerInvoke = Chunks)]
    public Task<int> Bare() => ReadAsync();

    [Benchmark(OperationsPerInvoke = Chunks)]
    public Task<int> Ours_without_content() => ReadAsync();

    [Benchmark(OperationsPerInvoke = Chunks)]
    public Task<int> Ours_with_content() => ReadAsync();

    [Benchmark(OperationsPerInvoke = Chunks)]
    public Task<int> Microsoft_Extensions_AI_without_content() => ReadAsync();

    [Benchmark(OperationsPerInvoke = Chunks)]
    public Task<int> Microsoft_Extensions_AI_with_content() => ReadAsync();

    private void Setup(Func<HttpMessageHandler, IChatClient> client, TracerProvider? tracing)
    {
        var stream = Clients.Stream(Chunks);
        _client = client(new CannedServer(stream, "text/event-stream", Clients.EventSize(stream)));
        _tracing = tracing;
    }

    private async Task<int> ReadAsync()
    {
        var length = 0;
        await foreach (var update in _client.GetStreamingResponseAsync("Hi"))
        {
            length += update.Text.Length;
        }

        return length;
    }
}
