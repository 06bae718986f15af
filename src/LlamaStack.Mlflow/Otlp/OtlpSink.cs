using System.Diagnostics;
using System.Text;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>Hands the spans of whole traces to OpenTelemetry's own OTLP exporter, with what makes them readable in an MLflow behind a Collector.</summary>
internal sealed class OtlpSink(OtlpProcessor processor, MlflowTracingOptions options) : ITraceSink
{
    private readonly bool _withContent = options.EffectiveContentCapture is ContentCapture.Full;
    private readonly SpanAttributes? _attributes = options.IncludeMlflowAttributes ? new SpanAttributes(options) : null;

    public void Send(CompletedTrace trace)
    {
        foreach (var span in trace.Spans)
        {
            foreach (var (key, _) in span.TagObjects.Where(tag => !SpanAttributes.Belongs(span, trace, tag.Key, tag.Value)).ToList())
            {
                span.SetTag(key, null);
            }

            if (_withContent)
            {
                WriteToolContent(span);
            }

            if (_attributes is not null)
            {
                WriteForMlflow(_attributes, span, trace);
            }
        }

        trace.ReleaseContent();
        foreach (var span in trace.Spans)
        {
            processor.Export(span);
        }
    }

    private static void WriteForMlflow(SpanAttributes attributes, Activity span, CompletedTrace trace)
    {
        attributes.Write(span, trace, new ActivitySink(span));
        if (span == trace.Root && trace.Summary?.Failure is { } failure)
        {
            span.SetStatus(failure.Status, failure.StatusDescription);
        }

        span.DisplayName = SpanTypes.NameOf(span);
    }

    /// <summary>What a tool span started by hand was called with and gave back, in the convention's own attributes.</summary>
    private static void WriteToolContent(Activity span)
    {
        if (SpanContent.Of(span) is { Type: SpanType.Tool } content)
        {
            Write(span, GenAIAttributes.Tool.CallArguments, content.Inputs);
            Write(span, GenAIAttributes.Tool.CallResult, content.Outputs);
        }
    }

    private static void Write(Activity span, string key, PooledBytes? json)
    {
        if (json is not null && span.GetTagItem(key) is null)
        {
            span.SetTag(key, JsonText.String(json.Span) ?? Encoding.UTF8.GetString(json.Span));
        }
    }

    /// <summary>The processor is the provider's own, too: it is flushed after this one.</summary>
    public bool Flush(TimeSpan timeout) => true;

    public bool Shutdown(TimeSpan timeout) => true;

    public void Dispose()
    {
    }
}
