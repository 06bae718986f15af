using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;

namespace LlamaStack.Mlflow;

/// <summary>Says what an MLflow server's refusal means and what to set about it. Each is told apart: 403 has two causes, 404 three.</summary>
internal static class MlflowErrors
{
    private const int MaxMessageLength = 500;

    public static MlflowException Unreachable(Uri? address, Exception exception) => new(exception switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } =>
            $"MLflow's host {address?.Host} is not known. Check LlamaStack:Tracing:TrackingUri or MLFLOW_TRACKING_URI.",
        HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } refused when !refused.Message.Contains(address?.Authority ?? "", StringComparison.OrdinalIgnoreCase) =>
            $"The proxy on the way to MLflow at {address} does not listen: {refused.Message}. It is set by LlamaStack:Tracing:Proxy or HTTP_PROXY.",
        HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } =>
            $"Nothing listens at {address}: is MLflow running? Its address is set by LlamaStack:Tracing:TrackingUri or MLFLOW_TRACKING_URI.",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } or { InnerException: AuthenticationException } =>
            $"The TLS connection to {address} failed: {Innermost(exception)}. A private authority is named by MLFLOW_TRACKING_SERVER_CERT_PATH (LlamaStack:Tracing:CertificateAuthorityFile); for development, MLFLOW_TRACKING_INSECURE_TLS=true trusts any.",
        OperationCanceledException => $"MLflow at {address} did not answer in time.",
        _ => $"MLflow at {address} cannot be reached: {exception.Message}",
    }, innerException: exception);

    public static string BrokenOff(Uri? address) =>
        $"MLflow at {address} broke the connection off in the middle of a request: it was stopped, or a proxy on the way takes no request of that size.";

    public static async Task<MlflowException> OfAsync(HttpResponseMessage response, Uri? address, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        return Of(response, body, address);
    }

    public static MlflowException Of(HttpResponseMessage response, string body, Uri? address)
    {
        var error = Read(body);
        var message = response.Headers.Location is { } location
            ? $"MLflow at {address} has moved to {Addresses.Shown(Moved(address, location))} ({(int)response.StatusCode}): set LlamaStack:Tracing:TrackingUri or MLFLOW_TRACKING_URI to the address that answers."
            : Explain(response.StatusCode, response.Content.Headers.ContentType?.MediaType, body, error, address);
        return new MlflowException(message, response.StatusCode, error?.ErrorCode);
    }

    private static Uri Moved(Uri? address, Uri location) => address is null ? location : new Uri(address, location);

    private static string Explain(HttpStatusCode status, string? mediaType, string body, ErrorAnswer? error, Uri? address) => status switch
    {
        HttpStatusCode.Unauthorized =>
            $"MLflow at {address} asks who is calling (401): set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (LlamaStack:Tracing:Username and Password), or MLFLOW_TRACKING_TOKEN for a proxy.",
        HttpStatusCode.ProxyAuthenticationRequired =>
            $"The proxy on the way to MLflow at {address} asks who is calling (407): put user and password into the address of the proxy, LlamaStack:Tracing:Proxy or HTTP_PROXY.",
        HttpStatusCode.Forbidden when body.Contains("Invalid Host header", StringComparison.Ordinal) =>
            $"MLflow at {address} does not allow the host name {address?.Authority} (403): start it with --allowed-hosts '{address?.Authority},localhost:*,127.0.0.1:*'.",
        HttpStatusCode.Forbidden =>
            $"MLflow at {address} says permission denied (403): the user needs the EDIT permission on the experiment, and the experiment must exist.",
        HttpStatusCode.NotFound when mediaType is "text/html" =>
            $"{address} has no such path (404): it is no MLflow server of 3.4 or newer, lacks a prefix in LlamaStack:Tracing:TrackingUri, stands behind a proxy that does not pass /v1/traces on (then set LlamaStack:Tracing:TracesEndpoint), or was started with --gunicorn-opts.",
        HttpStatusCode.NotFound => $"MLflow at {address} does not have it (404): {Message(error, body)}",
        HttpStatusCode.UnprocessableEntity when body.Contains("\"missing\"", StringComparison.Ordinal) =>
            $"MLflow at {address} got no experiment (422): a proxy in between may have removed the header {MlflowAttributes.Header.ExperimentId}.",
        HttpStatusCode.NotImplemented =>
            $"MLflow at {address} keeps its data in files (501): traces need a database, start it with --backend-store-uri sqlite:///mlflow.db.",
        HttpStatusCode.InternalServerError when error?.ErrorCode is "FEATURE_DISABLED" =>
            $"MLflow at {address} has no workspaces: remove LlamaStack:Tracing:Workspace (MLFLOW_WORKSPACE).",
        _ => $"MLflow at {address} answered {(int)status}: {Message(error, body)}",
    };

    /// <summary>A database's complaint comes with its SQL and what was to be written: nobody needs that.</summary>
    private static string Message(ErrorAnswer? error, string body) => TraceSummary.Cut((error?.Message ?? body).Split("[SQL:", 2)[0].Trim(), MaxMessageLength)!;

    private static ErrorAnswer? Read(string body)
    {
        try
        {
            return body.StartsWith('{') ? JsonSerializer.Deserialize(body, MlflowJsonContext.Default.ErrorAnswer) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception.Message;
    }
}
