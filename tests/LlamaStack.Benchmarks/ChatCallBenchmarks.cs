using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using Microsoft.Extensions.AI;
using OpenTelemetry.Trace;

namespace LlamaStack.Benchmarks;

/// <summary>A chat call with 2 KB, or 100 KB, of question and 2 KB of answer.</summary>
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByParams)]
public class ChatCallBenchmarks
{
    private IChatClient _client = null!;
    private TracerProvider? _tracing;
    private string _question = null!;

    [Params(2, 100)]
    public int QuestionKilobytes { get; set; }

    [GlobalSetup(Target = nameof(Bare))]
    public void SetupBare() => Setup(Clients.Bare, null);

    [GlobalSetup(Target = nameof(Ours_without_content))]
    public void SetupOursWithoutContent() => Setup(server => Clients.Ours(server, content: false), Clients.Tracing());

    [GlobalSetup(Target = nameof(Ours_with_content))]
    public void SetupOursWithContent() => Setup(server => Clients.Ours(server, content: true), Clients.Tracing());

    [GlobalSetup(Target = nameof(Ours_with_content_written_as_OTLP))]
    public void SetupOursExported() => Setup(server => Clients.Ours(server, content: true), Clients.Tracing(export: true));

    [GlobalSetup(Target = nameof(Microsoft_Extensions_AI_without_content))]
    public void SetupMicrosoftWithoutContent() => Setup(server => Clients.Microsofts(server, content: false), Clients.MicrosoftTracing());

    [GlobalSetup(Target = nameof(Microsoft_Extensions_AI_with_content))]
    public void SetupMicrosoftWithContent() => Setup(server => Clients.Microsofts(server, content: true), Clients.MicrosoftTracing());

    [GlobalCleanup]
    public void Cleanup() => _tracing?.Dispose();

    [Benchmark(Baseline = true)]
    public Task<ChatResponse> Bare() => CallAsync();

    [Benchmark]
    public Task<ChatResponse> Ours_without_content() => CallAsync();

    [Benchmark]
    public Task<ChatResponse> Ours_with_content() => CallAsync();

    [Benchmark]
    public Task<ChatResponse> Ours_with_content_written_as_OTLP() => CallAsync();

    [Benchmark]
    public Task<ChatResponse> Microsoft_Extensions_AI_without_content() => CallAsync();

    [Benchmark]
    public Task<ChatResponse> Microsoft_Extensions_AI_with_content() => CallAsync();

    private void Setup(Func<HttpMessageHandler, IChatClient> client, TracerProvider? tracing)
    {
        _client = client(new CannedServer(Clients.Answer(2048), "application/json"));
        _tracing = tracing;
        _question = Clients.Question(QuestionKilobytes * 1024);
    }

    private Task<ChatResponse> CallAsync() => _client.GetResponseAsync(_question);
}
