using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace LlamaStack.Mlflow;

/// <summary>OpenTelemetry's OTLP exporter for the metrics of this library alone: it shares the application's provider, and not its other metrics.</summary>
internal sealed class OtlpMetrics(OtlpExporterOptions settings) : OtlpMetricExporter(settings)
{
    /// <summary>The meters of this library.</summary>
    public const string Meters = "LlamaStack.*";

    public static PeriodicExportingMetricReader CreateReader(OtlpExporterOptions settings)
    {
        var periodic = new PeriodicExportingMetricReaderOptions();
        return new PeriodicExportingMetricReader(
            new OtlpMetrics(settings), periodic.ExportIntervalMilliseconds ?? 60_000, periodic.ExportTimeoutMilliseconds ?? 30_000);
    }

    public override OpenTelemetry.ExportResult Export(in Batch<Metric> batch)
    {
        List<Metric> ours = [];
        foreach (var metric in batch)
        {
            if (metric.MeterName.StartsWith(Meters[..^1], StringComparison.Ordinal))
            {
                ours.Add(metric);
            }
        }

        return ours.Count == 0 ? OpenTelemetry.ExportResult.Success : base.Export(new Batch<Metric>([.. ours], ours.Count));
    }
}
