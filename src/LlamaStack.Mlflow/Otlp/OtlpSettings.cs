using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry.Exporter;

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

    public static void Add(IServiceCollection services)
    {
        services.AddOptions<OtlpExporterOptions>(OfTraces).Configure<IServiceProvider>(static (options, provider) => Read(options, provider.GetService<IConfiguration>(), "TRACES", "v1/traces"));
        services.AddOptions<OtlpExporterOptions>(OfMetrics).Configure<IServiceProvider>(static (options, provider) => Read(options, provider.GetService<IConfiguration>(), "METRICS", "v1/metrics"));
    }

    /// <summary>The settings of a signal. The endpoint is the address that it is really sent to.</summary>
    /// <exception cref="InvalidOperationException">A setting cannot be read; the message names it.</exception>
    public static OtlpExporterOptions Of(IServiceProvider provider, string name) => provider.GetRequiredService<IOptionsMonitor<OtlpExporterOptions>>().Get(name);

    private static void Read(OtlpExporterOptions options, IConfiguration? configuration, string signal, string path)
    {
        var ofSignal = $"{General}{signal}_";

        (string Name, string Value)? Find(string setting) => Read(ofSignal + setting) ?? Read(General + setting);

        (string Name, string Value)? Read(string name) =>
            (configuration?[name] ?? Environment.GetEnvironmentVariable(name))?.Trim() is { Length: > 0 } value ? (name, value) : null;

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
