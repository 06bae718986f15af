using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;

namespace LlamaStack.Benchmarks;

/// <summary>Where assembled traces end: nowhere, or written as OTLP and thrown away, as the exporter's worker would.</summary>
internal sealed class NullSink(OtlpTraces? otlp) : ITraceSink
{
    private readonly PooledBytes _bytes = new(1 << 20);

    public void Send(CompletedTrace trace)
    {
        if (otlp is not null)
        {
            _bytes.Clear();
            otlp.WriteSpans(trace, _bytes);
        }

        trace.ReleaseContent();
    }

    public bool Flush(TimeSpan timeout) => true;

    public bool Shutdown(TimeSpan timeout) => true;

    public void Dispose()
    {
    }
}
