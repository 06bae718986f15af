using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace LlamaStack.Mlflow;

/// <summary>OpenTelemetry's OTLP exporter for the metrics of this library alone: it shares the application's provider, and not its other metrics.</summary>
internal sealed class OtlpMetrics(OtlpExporterOptions settings) : OtlpMetricExporter(settings)
{
    /// <summary>The meters of this library.</summary>
    public const string Meters = "LlamaStack.*";

    /// <summary>Sends them, as often and in the form that <c>OTEL_METRIC_EXPORT_*</c> and <c>OTEL_EXPORTER_OTLP_METRICS_*</c> say.</summary>
    public static void Add(MeterProviderBuilder metrics, IServiceProvider provider)
    {
        var exporter = OtlpEnvironment.Make(provider, () => new OtlpMetrics(OtlpSettings.Of(provider, OtlpSettings.OfMetrics)));
        var reader = provider.GetRequiredService<IOptionsMonitor<MetricReaderOptions>>().Get(OtlpSettings.OfMetrics);
        var periodic = reader.PeriodicExportingMetricReaderOptions;
        metrics.AddMeter(Meters).AddReader(new PeriodicExportingMetricReader(exporter, periodic.ExportIntervalMilliseconds ?? 60_000, periodic.ExportTimeoutMilliseconds ?? 30_000)
        {
            TemporalityPreference = reader.TemporalityPreference,
        });
        if (OtlpSettings.HistogramsAreExponential(provider))
        {
            metrics.AddView(static instrument => IsOurs(instrument.Meter.Name) && instrument.GetType().GetGenericTypeDefinition() == typeof(Histogram<>)
                ? new Base2ExponentialBucketHistogramConfiguration()
                : null);
        }
    }

    private static bool IsOurs(string meter) => meter.StartsWith(Meters[..^1], StringComparison.Ordinal);

    public override OpenTelemetry.ExportResult Export(in Batch<Metric> batch)
    {
        List<Metric> ours = [];
        foreach (var metric in batch)
        {
            if (IsOurs(metric.MeterName))
            {
                ours.Add(metric);
            }
        }

        return ours.Count == 0 ? OpenTelemetry.ExportResult.Success : base.Export(new Batch<Metric>([.. ours], ours.Count));
    }
}
