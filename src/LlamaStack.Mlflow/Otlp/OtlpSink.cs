using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>Hands the spans of whole traces to OpenTelemetry's own OTLP exporter, with what makes them readable in an MLflow behind a Collector.</summary>
internal sealed class OtlpSink(OtlpProcessor processor, MlflowTracingOptions options) : ITraceSink
{
    private readonly SpanAttributes? _attributes = options.IncludeMlflowAttributes ? new SpanAttributes(options) : null;

    public void Send(CompletedTrace trace)
    {
        foreach (var span in trace.Spans)
        {
            if (_attributes is not null)
            {
                foreach (var (key, _) in span.TagObjects.Where(tag => !SpanAttributes.Belongs(span, tag.Key)).ToList())
                {
                    span.SetTag(key, null);
                }

                _attributes.Write(span, trace, new ActivitySink(span));
                if (span == trace.Root && trace.Summary?.Failure is { } failure)
                {
                    span.SetStatus(failure.Status, failure.StatusDescription);
                }

                span.DisplayName = SpanTypes.NameOf(span);
            }
        }

        foreach (var span in trace.Spans)
        {
            SpanContent.Of(span)?.Return();
            processor.Export(span);
        }
    }

    /// <summary>The processor is the provider's own, too: it is flushed after this one.</summary>
    public bool Flush(TimeSpan timeout) => true;

    public bool Shutdown(TimeSpan timeout) => true;

    public void Dispose()
    {
    }
}
