using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow;

/// <summary>
/// The OTLP exporter's settings for a signal: all <c>OTEL_EXPORTER_OTLP_*</c> of configuration and environment, those for the signal alone before the general ones,
/// and before them what the application configures in code under the options' name.
/// </summary>
/// <remarks>Source: <see href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/"/>. The exporter itself reads the general ones of the environment only.</remarks>
internal static class OtlpSettings
{
    /// <summary>The names of the options.</summary>
    public const string OfTraces = "LlamaStack.Traces";
    public const string OfMetrics = "LlamaStack.Metrics";

    private const string General = "OTEL_EXPORTER_OTLP_";
    private const string Temporality = General + "METRICS_TEMPORALITY_PREFERENCE";
    private const string Histograms = General + "METRICS_DEFAULT_HISTOGRAM_AGGREGATION";

    public static void Add(IServiceCollection services)
    {
        services.AddOptions<OtlpExporterOptions>(OfTraces).Configure<IServiceProvider>(static (options, provider) =>
        {
            Read(options, provider.GetService<IConfiguration>(), "TRACES", "v1/traces");
            options.BatchExportProcessorOptions = provider.GetRequiredService<IOptionsMonitor<BatchExportActivityProcessorOptions>>().Get(OfTraces);
        });
        services.AddOptions<OtlpExporterOptions>(OfMetrics).Configure<IServiceProvider>(static (options, provider) => Read(options, provider.GetService<IConfiguration>(), "METRICS", "v1/metrics"));
        services.AddOptions<MetricReaderOptions>(OfMetrics).Configure<IServiceProvider>(static (options, provider) =>
        {
            if (provider.GetService<IConfiguration>().ReadVariable(Temporality) is { } preference)
            {
                options.TemporalityPreference = Enum.TryParse<MetricReaderTemporalityPreference>(preference, ignoreCase: true, out var parsed) && Enum.IsDefined(parsed)
                    ? parsed
                    : throw new InvalidOperationException($"{Temporality} is \"{preference}\": it must be cumulative, delta or lowmemory.");
            }
        });
    }

    /// <summary>The settings of a signal. The endpoint is the address that it is really sent to.</summary>
    /// <exception cref="InvalidOperationException">A setting cannot be read; the message names it.</exception>
    public static OtlpExporterOptions Of(IServiceProvider provider, string name) =>
        OtlpEnvironment.Make(provider, () => provider.GetRequiredService<IOptionsMonitor<OtlpExporterOptions>>().Get(name));

    /// <summary>The reader of metrics has no public setting for this.</summary>
    /// <exception cref="InvalidOperationException">The setting cannot be read; the message names it.</exception>
    public static bool HistogramsAreExponential(IServiceProvider provider) => provider.GetService<IConfiguration>().ReadVariable(Histograms)?.ToUpperInvariant() switch
    {
        null or "EXPLICIT_BUCKET_HISTOGRAM" => false,
        "BASE2_EXPONENTIAL_BUCKET_HISTOGRAM" => true,
        _ => throw new InvalidOperationException($"{Histograms} must be explicit_bucket_histogram or base2_exponential_bucket_histogram."),
    };

    private static void Read(OtlpExporterOptions options, IConfiguration? configuration, string signal, string path)
    {
        var ofSignal = $"{General}{signal}_";

        (string Name, string Value)? Find(string setting) => Read(ofSignal + setting) ?? Read(General + setting);

        (string Name, string Value)? Read(string name) => configuration.ReadVariable(name) is { } value ? (name, value) : null;

        if (Find("PROTOCOL") is var (protocolName, protocol))
        {
            options.Protocol = protocol switch
            {
                "grpc" => OtlpExportProtocol.Grpc,
                "http/protobuf" => OtlpExportProtocol.HttpProtobuf,
                _ => throw new InvalidOperationException($"{protocolName} is \"{protocol}\": it must be grpc or http/protobuf."),
            };
        }

        options.Endpoint = Endpoint(options, Find("ENDPOINT"), ofSignal, path);
        if (Find("HEADERS") is var (_, headers))
        {
            options.Headers = headers;
        }

        if (Find("TIMEOUT") is var (timeoutName, timeout))
        {
            options.TimeoutMilliseconds = int.TryParse(timeout, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds > 0
                ? milliseconds
                : throw new InvalidOperationException($"{timeoutName} is \"{timeout}\": it must be a number of milliseconds.");
        }

        if (Find("COMPRESSION") is var (compressionName, compression))
        {
            options.Compression = compression switch
            {
                "gzip" => OtlpExportCompression.GZip,
                "none" => OtlpExportCompression.None,
                _ => throw new InvalidOperationException($"{compressionName} is \"{compression}\": it must be gzip or none."),
            };
        }
    }

    /// <summary>The general endpoint, or the default, gets the signal's path over HTTP; one for the signal alone is used as it is.</summary>
    private static Uri Endpoint(OtlpExporterOptions options, (string Name, string Value)? set, string ofSignal, string path)
    {
        var endpoint = options.Endpoint;
        if (set is var (name, value))
        {
            var isWhole = name.StartsWith(ofSignal, StringComparison.Ordinal);
            endpoint = Uri.TryCreate(value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
                ? address!
                : throw new InvalidOperationException($"{name} is not a whole http(s) address, for example http://localhost:4318{(isWhole ? "/" + path : "")}.");
            if (isWhole)
            {
                return endpoint;
            }
        }

        return options.Protocol is OtlpExportProtocol.HttpProtobuf ? new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}") : endpoint;
    }
}
