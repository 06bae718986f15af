using System.Globalization;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;

namespace LlamaStack.Mlflow;

/// <summary>
/// The OTLP exporter's settings for traces: all <c>OTEL_EXPORTER_OTLP_*</c> of configuration and environment, those for traces alone before the general ones.
/// </summary>
/// <remarks>Source: <see href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/"/>. The exporter itself reads the general ones of the environment only.</remarks>
internal static class OtlpSettings
{
    private const string General = "OTEL_EXPORTER_OTLP_";
    private const string OfTraces = General + "TRACES_";

    /// <summary>Reads them. The endpoint is the address that traces are really sent to.</summary>
    /// <exception cref="InvalidOperationException">A setting cannot be read; the message names it.</exception>
    public static OtlpExporterOptions Traces(IConfiguration? configuration)
    {
        (string Name, string Value)? Find(string setting) => Read(OfTraces + setting) ?? Read(General + setting);

        (string Name, string Value)? Read(string name) =>
            (configuration?[name] ?? Environment.GetEnvironmentVariable(name))?.Trim() is { Length: > 0 } value ? (name, value) : null;

        var options = new OtlpExporterOptions();
        if (Find("PROTOCOL") is var (protocolName, protocol))
        {
            options.Protocol = protocol switch
            {
                "grpc" => OtlpExportProtocol.Grpc,
                "http/protobuf" => OtlpExportProtocol.HttpProtobuf,
                _ => throw new InvalidOperationException($"{protocolName} is \"{protocol}\": it must be grpc or http/protobuf."),
            };
        }

        options.Endpoint = Endpoint(options, Find("ENDPOINT"));
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

        return options;
    }

    /// <summary>The general endpoint, or the default, gets the path of traces over HTTP; one for traces alone is used as it is.</summary>
    private static Uri Endpoint(OtlpExporterOptions options, (string Name, string Value)? set)
    {
        var endpoint = options.Endpoint;
        if (set is var (name, value))
        {
            endpoint = Uri.TryCreate(value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
                ? address!
                : throw new InvalidOperationException($"{name} is not a whole http(s) address, for example http://localhost:4318{(name.StartsWith(OfTraces, StringComparison.Ordinal) ? "/v1/traces" : "")}.");
            if (name.StartsWith(OfTraces, StringComparison.Ordinal))
            {
                return endpoint;
            }
        }

        return options.Protocol is OtlpExportProtocol.HttpProtobuf ? new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/v1/traces") : endpoint;
    }
}
