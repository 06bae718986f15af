using System.Diagnostics;
using System.Text;
using BenchmarkDotNet.Attributes;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using OpenTelemetry;
using OpenTelemetry.Exporter;

namespace LlamaStack.Benchmarks;

/// <summary>
/// A span with 4 KB of content written as OTLP, of a batch of 100: for MLflow, translated, as one of ten below an agent and as a trace of its own; and by OpenTelemetry's own exporter, the content
/// as it is in two attributes.
/// </summary>
public class ExportBenchmarks : IDisposable
{
    private const int Spans = 100;
    private const int SpansOfAgent = 10;

    private readonly PooledBytes _bytes = new(1 << 20);
    private OtlpTraces _otlp = null!;
    private Activity[] _calls = null!;
    private Activity[][] _agents = null!;
    private OtlpTraceExporter _exporter = null!;
    private Activity[] _spans = null!;

    [GlobalSetup]
    public void Setup()
    {
        using var listener = new ActivityListener { ShouldListenTo = static _ => true, Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource(LlamaStackDiagnostics.SourceName);
        _otlp = new OtlpTraces(new MlflowTracingOptions(), new TraceResource(static () => null, "bench"));
        _calls = [.. Enumerable.Range(0, Spans).Select(_ => Span(source))];
        _agents = [.. Enumerable.Range(0, Spans / SpansOfAgent).Select(_ => Agent(source))];
        _spans = [.. Enumerable.Range(0, Spans).Select(_ => Span(source).SetTag("gen_ai.input.messages", Clients.Question(2000)).SetTag("gen_ai.output.messages", Clients.Question(2000)))];
        _exporter = new OtlpTraceExporter(new OtlpExporterOptions
        {
            Protocol = OtlpExportProtocol.HttpProtobuf,
            HttpClientFactory = static () => new HttpClient(new CannedServer([], "application/x-protobuf")),
        });
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _exporter.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Spans)]
    public OpenTelemetry.ExportResult OpenTelemetrys() => _exporter.Export(new Batch<Activity>(_spans, Spans));

    [Benchmark(OperationsPerInvoke = Spans)]
    public int Ours()
    {
        _bytes.Clear();
        foreach (var agent in _agents)
        {
            _otlp.WriteSpans(new CompletedTrace([.. agent], agent[^1]), _bytes);
        }

        return _bytes.Length;
    }

    [Benchmark(OperationsPerInvoke = Spans)]
    public int Ours_as_traces_of_one_span()
    {
        _bytes.Clear();
        foreach (var call in _calls)
        {
            _otlp.WriteSpans(new CompletedTrace([call], call), _bytes);
        }

        return _bytes.Length;
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
