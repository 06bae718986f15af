using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using OpenTelemetry.Exporter;

namespace LlamaStack.Mlflow;

/// <summary>Does the OTLP endpoint take spans? An empty request says so, over HTTP or gRPC.</summary>
/// <remarks>Asked by the exporter's own HTTP client, with its certificates, proxies and handlers: what reaches us reaches it.</remarks>
internal sealed class OtlpProbe(OtlpExporterOptions settings, DeliveryState delivery) : IProbe
{
    private const string GrpcExport = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    private const string Cure = "Its address is set by OTEL_EXPORTER_OTLP_ENDPOINT, its protocol by OTEL_EXPORTER_OTLP_PROTOCOL (grpc, usually port 4317, or http/protobuf, usually port 4318).";

    private readonly string _shown = Addresses.Shown(settings.Endpoint);
    private readonly Lazy<HttpClient> _http = new(settings.HttpClientFactory);

    public string Name => HealthChecks.Mlflow;

    public string Subject => $"The OTLP endpoint {_shown}";

    public async Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var request = Request();
            foreach (var header in (settings.Headers ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                var parts = header.Split('=', 2);
                request.Headers.TryAddWithoutValidation(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
            }

            using var response = await _http.Value.SendAsync(request, cancellationToken).ConfigureAwait(false);
            await response.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
            return Judge(response);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return ProbeResult.Unhealthy(e switch
            {
                HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => $"The OTLP endpoint's host {settings.Endpoint.Host} is not known. {Cure}",
                HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } => $"Nothing listens at the OTLP endpoint {_shown}: is the Collector running? {Cure}",
                HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } =>
                    $"The TLS connection to the OTLP endpoint {_shown} failed: {(e.InnerException ?? e).Message} Set OTEL_EXPORTER_OTLP_CERTIFICATE to the PEM file of its authority, and OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and _KEY where it asks for ours.",
                OperationCanceledException => $"The OTLP endpoint {_shown} did not answer in time. {Cure}",
                _ => $"The OTLP endpoint {_shown} cannot be reached: {e.Message} {Cure}",
            });
        }
    }

    private HttpRequestMessage Request()
    {
        byte[] nothing = [0x0A, 0x00];
        if (settings.Protocol is OtlpExportProtocol.HttpProtobuf)
        {
            var post = new HttpRequestMessage(HttpMethod.Post, settings.Endpoint) { Content = new ByteArrayContent(nothing) };
            post.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
            return post;
        }

        // gRPC is an HTTP/2 POST of one message, behind five bytes: not compressed, and its length.
        var frame = new byte[5 + nothing.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), nothing.Length);
        nothing.CopyTo(frame, 5);
        var call = new HttpRequestMessage(HttpMethod.Post, new Uri(settings.Endpoint, GrpcExport))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame),
        };
        call.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        call.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        return call;
    }

    private ProbeResult Judge(HttpResponseMessage response)
    {
        var grpcStatus = Header(response.TrailingHeaders, "grpc-status") ?? Header(response.Headers, "grpc-status");
        if (response.IsSuccessStatusCode && grpcStatus is null or "0")
        {
            return delivery switch
            {
                { Problem: not null } => ProbeResult.Degraded($"The OTLP endpoint {_shown} answers, but did not take the last spans."),
                { SpoolProblem: { } spool } => ProbeResult.Degraded($"The OTLP endpoint {_shown} takes spans, but none would outlive its absence: {spool}"),
                _ => ProbeResult.Healthy($"The OTLP endpoint {_shown} takes spans{(delivery.Losses is { } losses ? "; " + losses : "")}. Whether MLflow gets them is the Collector's to say."),
            };
        }

        return ProbeResult.Unhealthy(response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => $"The OTLP endpoint {_shown} refuses us ({(int)response.StatusCode}): set OTEL_EXPORTER_OTLP_HEADERS.",
            HttpStatusCode.NotFound => $"{_shown} is no OTLP endpoint (404). {Cure}",
            _ when grpcStatus is not null => $"The OTLP endpoint {_shown} answered with gRPC status {grpcStatus}. {Cure}",
            _ => $"The OTLP endpoint {_shown} answered {(int)response.StatusCode}. {Cure}",
        });
    }

    private static string? Header(HttpHeaders headers, string name) => headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;
}
