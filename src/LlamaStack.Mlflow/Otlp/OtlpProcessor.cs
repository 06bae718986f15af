using System.Diagnostics;
using OpenTelemetry;

namespace LlamaStack.Mlflow;

/// <summary>
/// OpenTelemetry's batch processor with its OTLP exporter. It belongs to the provider, which gives the exporter its resource, and flushes and stops it;
/// but it takes spans from the assembled traces only, not each span of the application.
/// </summary>
/// <remarks>Not <c>AddOtlpExporter</c>: that clashes with the application's own <c>UseOtlpExporter</c>.</remarks>
internal sealed class OtlpProcessor(OtlpDelivery delivery, BatchExportProcessorOptions<Activity> batch)
    : BatchActivityExportProcessor(delivery, batch.MaxQueueSize, batch.ScheduledDelayMilliseconds, batch.ExporterTimeoutMilliseconds, batch.MaxExportBatchSize)
{
    public override void OnEnd(Activity data)
    {
        // What the provider hands on is what the assembly has seen, too.
    }

    /// <summary>Queues the spans of a trace, or a part of it: all, unless they are more than a request holds.</summary>
    public void Export(IEnumerable<Activity> spans)
    {
        foreach (var part in spans.Where(static span => span.Recorded).Chunk(batch.MaxExportBatchSize))
        {
            if (delivery.TryTake(part[0].TraceId, part.Length))
            {
                foreach (var span in part)
                {
                    base.OnEnd(span);
                }
            }
        }
    }
}
