using System.Diagnostics;
using System.Text;
using BenchmarkDotNet.Attributes;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace LlamaStack.Benchmarks;

/// <summary>Writing one span with 4 KB of content as OTLP for MLflow; beside it OpenTelemetry's own exporter with the same content as attributes.</summary>
public class ExportBenchmarks
{
    private const int Spans = 100;

    private readonly PooledBytes _bytes = new(1 << 20);
    private OtlpTraces _otlp = null!;
    private List<CompletedTrace> _traces = null!;

    [GlobalSetup]
    public void Setup()
    {
        using var listener = new ActivityListener { ShouldListenTo = static _ => true, Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource(LlamaStackDiagnostics.SourceName);
        _otlp = new OtlpTraces(new MlflowTracingOptions(), new TraceResource(static () => null, "bench"));
        _traces = [.. Enumerable.Range(0, Spans).Select(_ => new CompletedTrace([Span(source)], null))];
    }

    [Benchmark(OperationsPerInvoke = Spans)]
    public int Ours()
    {
        _bytes.Clear();
        _otlp.Write(_traces, _bytes);
        return _bytes.Length;
    }

    private static Activity Span(ActivitySource source)
    {
        Activity.Current = null;
        var span = source.StartActivity("chat m-1", ActivityKind.Client)!;
        span.SetTag("gen_ai.operation.name", "chat").SetTag("gen_ai.provider.name", "llama_stack").SetTag("gen_ai.request.model", "m-1").SetTag("gen_ai.response.model", "m-1")
            .SetTag("server.address", "models.example").SetTag("server.port", 8321).SetTag("gen_ai.usage.input_tokens", 500L).SetTag("gen_ai.usage.output_tokens", 500L);
        var content = new SpanContent(SpanType.ChatModel) { Api = GenAIApi.ChatCompletions, Inputs = new PooledBytes(), Outputs = new PooledBytes() };
        content.Inputs.Append(Encoding.UTF8.GetBytes($$"""{"model":"m-1","messages":[{"role":"user","content":"{{Clients.Question(2000)}}"}]}"""));
        content.Outputs.Append(Clients.Answer(2000));
        content.AttachTo(span);
        span.Stop();
        return span;
    }
}
