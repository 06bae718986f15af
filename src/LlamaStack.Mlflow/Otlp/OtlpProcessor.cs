using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;

namespace LlamaStack.Mlflow;

/// <summary>
/// OpenTelemetry's batch processor with its OTLP exporter. It belongs to the provider, which gives the exporter its resource, and flushes and stops it;
/// but it takes spans from the assembled traces only, not each span of the application.
/// </summary>
/// <remarks>Not <c>AddOtlpExporter</c>: that clashes with the application's own <c>UseOtlpExporter</c>.</remarks>
internal sealed class OtlpProcessor(OtlpTraceExporter exporter, BatchExportProcessorOptions<Activity> batch)
    : BatchActivityExportProcessor(exporter, batch.MaxQueueSize, batch.ScheduledDelayMilliseconds, batch.ExporterTimeoutMilliseconds, batch.MaxExportBatchSize)
{
    public override void OnEnd(Activity data)
    {
        // What the provider hands on is what the assembly has seen, too.
    }

    public void Export(Activity span) => base.OnEnd(span);
}
