using System.Globalization;
using System.Net;

namespace LlamaStack.Instrumentation;

/// <summary>Why a call failed: <c>error.type</c>, few different values, and a message for people.</summary>
/// <remarks>
/// The types: an HTTP status (<c>404</c>), the code of an error that the server told inside a 200, <c>server_error</c> where it told none, <c>timeout</c>, <c>cancelled</c>,
/// .NET's transport errors in lower case (<c>connection_error</c>, <c>name_resolution_error</c>, <c>secure_connection_error</c>, <c>response_ended</c> …),
/// <c>empty_stream</c>, <c>stream_ended_early</c>, <c>invalid_response</c>, else the exception's full name.
/// </remarks>
internal readonly record struct CallFailure(string Type, string Message, Exception? Exception = null)
{
    /// <summary>Gets the words of the server, or of an exception that is not the transport's. They may quote the prompt: content, which is recorded only where content is.</summary>
    public string? Words { get; private init; }

    public static CallFailure Of(HttpStatusCode status, string? reasonPhrase, ServerError? error) =>
        new(((int)status).ToString(CultureInfo.InvariantCulture), reasonPhrase ?? status.ToString()) { Words = error?.Message };

    public static CallFailure Of(ServerError error) => new(error.Code ?? "server_error", "The server told an error.") { Words = error.Message };

    public static CallFailure Of(Exception exception, bool timedOut) => exception switch
    {
        OperationCanceledException when timedOut || exception.InnerException is TimeoutException => new("timeout", "The call timed out.", exception),
        OperationCanceledException => new("cancelled", "The call was cancelled.", exception),
        HttpRequestException { HttpRequestError: not HttpRequestError.Unknown and var error } => new(SnakeCase(error), exception.Message, exception),
        HttpIOException { HttpRequestError: not HttpRequestError.Unknown and var error } => new(SnakeCase(error), exception.Message, exception),
        _ => new(exception.GetType().FullName ?? exception.GetType().Name, "The call failed.", exception) { Words = exception.Message },
    };

    private static string SnakeCase(HttpRequestError error) => error switch
    {
        HttpRequestError.NameResolutionError => "name_resolution_error",
        HttpRequestError.ConnectionError => "connection_error",
        HttpRequestError.SecureConnectionError => "secure_connection_error",
        HttpRequestError.HttpProtocolError => "http_protocol_error",
        HttpRequestError.ExtendedConnectNotSupported => "extended_connect_not_supported",
        HttpRequestError.VersionNegotiationError => "version_negotiation_error",
        HttpRequestError.UserAuthenticationError => "user_authentication_error",
        HttpRequestError.ProxyTunnelError => "proxy_tunnel_error",
        HttpRequestError.InvalidResponse => "invalid_response",
        HttpRequestError.ResponseEnded => "response_ended",
        HttpRequestError.ConfigurationLimitExceeded => "configuration_limit_exceeded",
        _ => error.ToString(),
    };
}
