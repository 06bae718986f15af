using System.Diagnostics;
using System.Text;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>Hands the spans of whole traces to OpenTelemetry's own OTLP exporter, with what makes them readable in an MLflow behind a Collector.</summary>
/// <remarks>
/// The activities are the application's, too: its other exporters see them. So attributes are added, and nothing is taken away or renamed.
/// See <c>docs/decisions/0004-otlp-adds-only.md</c>.
/// </remarks>
internal sealed class OtlpSink(OtlpProcessor processor, MlflowTracingOptions options) : ITraceSink
{
    private readonly bool _withContent = options.EffectiveContentCapture is not ContentCapture.None;
    private readonly SpanAttributes? _attributes = options.IncludeMlflowAttributes ? new SpanAttributes(options) : null;

    public void Send(CompletedTrace trace)
    {
        foreach (var span in trace.Spans)
        {
            if (_withContent)
            {
                WriteToolContent(span);
            }

            _attributes?.Write(span, trace, new ActivitySink(span.Activity));
        }

        if (_attributes is not null && trace.Root is { } root)
        {
            Mark(root, trace);
        }

        trace.ReleaseContent();
        processor.Export(trace.Spans.Select(static span => span.Activity));
    }

    /// <summary>What only MLflow needs changed is said, and changed by the Collector on MLflow's way alone: other back ends may have the caller's span.</summary>
    private void Mark(Activity root, CompletedTrace trace)
    {
        if (root.ParentSpanId != default && !(options.CallersExportToMlflow && root.Parent is null))
        {
            root.SetTag(OtlpAttributes.ForeignParent, true);
        }

        if (trace.Summary?.Failure is { Status: ActivityStatusCode.Error } failure)
        {
            root.SetTag(OtlpAttributes.Failure, failure.StatusDescription ?? "");
        }
    }

    /// <summary>What a tool span started by hand was called with and gave back, in the convention's own attributes.</summary>
    private static void WriteToolContent(ExportedSpan span)
    {
        if (span.Content is { Type: SpanType.Tool } content)
        {
            Write(span.Activity, GenAIAttributes.Tool.CallArguments, content.Inputs);
            Write(span.Activity, GenAIAttributes.Tool.CallResult, content.Outputs);
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
