using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using BenchmarkDotNet.Attributes;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OpenTelemetry;
using OpenTelemetry.Exporter;

namespace LlamaStack.Benchmarks;

/// <summary>
/// A span with 4 KB of content exported, uncompressed, in one request of a hundred: for MLflow, put together to traces, translated, written and sent, as one of ten
/// below an agent and as a trace of its own; and by OpenTelemetry's own exporter, the content as it is in two attributes.
/// </summary>
public class ExportBenchmarks : IDisposable
{
    private const int Spans = 100;
    private const int SpansOfAgent = 10;

    private readonly HttpClient _http = new(new MlflowStub()) { BaseAddress = new Uri("http://mlflow.example:5000") };
    private readonly MlflowTracingOptions _options = new() { ExperimentId = "1", Compress = false };
    private ServiceProvider _services = null!;
    private TraceEncoder _encoder = null!;
    private TracesPost _post = null!;
    private MlflowServer _server = null!;
    private Activity[][] _calls = null!;
    private Activity[][] _agents = null!;
    private OtlpTraceExporter _exporter = null!;
    private Activity[] _spans = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        using var listener = new ActivityListener { ShouldListenTo = static _ => true, Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource(LlamaStackDiagnostics.SourceName);
        var mlflow = new MlflowClient(_http);
        _server = new MlflowServer(mlflow, _options, NullLogger<MlflowServer>.Instance);
        _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var state = new DeliveryState(NullLogger<DeliveryState>.Instance, _services.GetRequiredService<IMeterFactory>(), TimeProvider.System);
        _encoder = new TraceEncoder(_options, new OtlpTraces(_options, new TraceResource(static () => null, "bench")), new TraceInfos(mlflow, _server, _options, state));
        _post = new TracesPost(_http, new TracesRoute(_options), _server, _options, TimeProvider.System);

        // On a server not known yet traces are told of by REST, too.
        await _server.GetTargetAsync(CancellationToken.None).ConfigureAwait(false);
        _calls = [.. Enumerable.Range(0, Spans).Select(_ => (Activity[])[Span(source)])];
        _agents = [.. Enumerable.Range(0, Spans / SpansOfAgent).Select(_ => Agent(source))];
        _spans = [.. Enumerable.Range(0, Spans).Select(_ => Span(source).SetTag("gen_ai.input.messages", Clients.Question(2000)).SetTag("gen_ai.output.messages", Clients.Question(2000)))];
        _exporter = new OtlpTraceExporter(new OtlpExporterOptions { Protocol = OtlpExportProtocol.HttpProtobuf, HttpClientFactory = static () => new HttpClient(new MlflowStub()) });
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _exporter.Dispose();
        _server.Dispose();
        _services.Dispose();
        _http.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Spans)]
    public void OpenTelemetrys() => Assert(_exporter.Export(new Batch<Activity>(_spans, Spans)) is OpenTelemetry.ExportResult.Success);

    [Benchmark(OperationsPerInvoke = Spans)]
    public Task Ours() => ExportAsync(_agents);

    [Benchmark(OperationsPerInvoke = Spans)]
    public Task Ours_as_traces_of_one_span() => ExportAsync(_calls);

    private async Task ExportAsync(Activity[][] traces)
    {
        List<EncodedTrace> batch = new(traces.Length);
        foreach (var spans in traces)
        {
            batch.Add(_encoder.Encode(new CompletedTrace([.. spans], spans[^1]))!);
        }

        var (answer, _) = await _post.SendAsync(batch, CancellationToken.None).ConfigureAwait(false);
        Assert(answer.Result is LlamaStack.Mlflow.ExportResult.Delivered);
        batch.ForEach(static trace => trace.Release());
    }

    /// <summary>What fails is fast.</summary>
    private static void Assert(bool isDelivered)
    {
        if (!isDelivered)
        {
            throw new InvalidOperationException("Nothing was exported.");
        }
    }

    private static Activity[] Agent(ActivitySource source)
    {
        Activity.Current = null;
        using var agent = source.StartActivity("agent")!;
        new SpanContent(SpanType.Agent).AttachTo(agent);
        return [.. Enumerable.Range(0, SpansOfAgent).Select(_ => Call(source)), agent];
    }

    private static Activity Span(ActivitySource source)
    {
        Activity.Current = null;
        return Call(source);
    }

    private static Activity Call(ActivitySource source)
    {
        var span = source.StartActivity("chat m-1", ActivityKind.Client)!;
        span.SetTag("gen_ai.operation.name", "chat").SetTag("gen_ai.provider.name", "llama_stack").SetTag("gen_ai.request.model", "m-1").SetTag("gen_ai.response.model", "m-1")
            .SetTag("server.address", "models.example").SetTag("server.port", 8321).SetTag("gen_ai.usage.input_tokens", 500L).SetTag("gen_ai.usage.output_tokens", 500L);
        var content = new SpanContent(SpanType.ChatModel) { Api = GenAIApi.ChatCompletions, MayOfferTools = false, Inputs = new PooledBytes(), Outputs = new PooledBytes() };
        content.Inputs.Append(Encoding.UTF8.GetBytes($$"""{"model":"m-1","messages":[{"role":"user","content":"{{Clients.Question(2000)}}"}]}"""));
        content.Outputs.Append(Clients.Answer(2000));
        content.AttachTo(span);
        span.Stop();
        return span;
    }
}
