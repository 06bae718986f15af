namespace LlamaStack.Instrumentation;

/// <summary>
/// Names of the general OpenTelemetry conventions that stand on GenAI spans
/// (<see href="https://opentelemetry.io/docs/specs/semconv/"/>), and the few of this library's own.
/// </summary>
internal static class SemanticAttributes
{
    public const string ErrorType = "error.type";
    public const string ExceptionEvent = "exception";
    public const string ExceptionMessage = "exception.message";
    public const string ExceptionStackTrace = "exception.stacktrace";
    public const string ExceptionType = "exception.type";
    public const string HttpStatusCode = "http.response.status_code";
    public const string RequestId = "http.response.header.x-request-id";
    public const string RetryAfter = "http.response.header.retry-after";
    public const string ServerAddress = "server.address";
    public const string ServerPort = "server.port";
    public const string SessionId = "session.id";
    public const string UserId = "user.id";

    /// <summary>How a stream ended when nobody read it to its end: <c>abandoned</c> or <c>collected</c>. Absent otherwise.</summary>
    public const string StreamEnding = "llama_stack.stream.ending";
}
