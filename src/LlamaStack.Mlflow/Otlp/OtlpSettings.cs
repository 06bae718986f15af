using System.Globalization;
using OpenTelemetry.Exporter;

namespace LlamaStack.Mlflow;

/// <summary>The OTLP exporter's settings for traces: all <c>OTEL_EXPORTER_OTLP_*</c> variables, those for traces alone before the general ones.</summary>
/// <remarks>Source: <see href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/"/>. The exporter itself reads the general ones only.</remarks>
internal static class OtlpSettings
{
    private const string Prefix = "OTEL_EXPORTER_OTLP_TRACES_";

    public static OtlpExporterOptions Traces()
    {
        var options = new OtlpExporterOptions();
        if (Read("PROTOCOL") is { } protocol)
        {
            options.Protocol = protocol switch
            {
                "grpc" => OtlpExportProtocol.Grpc,
                "http/protobuf" => OtlpExportProtocol.HttpProtobuf,
                _ => throw new InvalidOperationException($"{Prefix}PROTOCOL is \"{protocol}\": it must be grpc or http/protobuf."),
            };
        }

        if (Read("ENDPOINT") is { } endpoint)
        {
            options.Endpoint = Uri.TryCreate(endpoint, UriKind.Absolute, out var uri)
                ? uri
                : throw new InvalidOperationException($"{Prefix}ENDPOINT is \"{endpoint}\": it must be a whole address, for example http://localhost:4318/v1/traces.");
        }

        if (Read("HEADERS") is { } headers)
        {
            options.Headers = headers;
        }

        if (Read("TIMEOUT") is { } timeout)
        {
            options.TimeoutMilliseconds = int.TryParse(timeout, CultureInfo.InvariantCulture, out var milliseconds)
                ? milliseconds
                : throw new InvalidOperationException($"{Prefix}TIMEOUT is \"{timeout}\": it must be a number of milliseconds.");
        }

        if (Read("COMPRESSION") is { } compression)
        {
            options.Compression = compression switch
            {
                "gzip" => OtlpExportCompression.GZip,
                "none" => OtlpExportCompression.None,
                _ => throw new InvalidOperationException($"{Prefix}COMPRESSION is \"{compression}\": it must be gzip or none."),
            };
        }

        return options;
    }

    /// <summary>The address that traces are really sent to: the general endpoint gets the path of traces, one for traces alone is used as it is.</summary>
    public static Uri TracesEndpoint(OtlpExporterOptions options) =>
        options.Protocol is OtlpExportProtocol.HttpProtobuf && Read("ENDPOINT") is null
            ? new Uri(options.Endpoint.AbsoluteUri.TrimEnd('/') + "/v1/traces")
            : options.Endpoint;

    private static string? Read(string name) => Environment.GetEnvironmentVariable(Prefix + name) is { Length: > 0 } value ? value.Trim() : null;
}
