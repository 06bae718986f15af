namespace LlamaStack.Instrumentation;

/// <summary>
/// Names of the general OpenTelemetry conventions that stand on GenAI spans
/// (<see href="https://opentelemetry.io/docs/specs/semconv/"/>), and the few of this library's own.
/// </summary>
internal static class SemanticAttributes
{
    /// <summary>What only OpenAI's own service is told of.</summary>
    public static class OpenAI
    {
        /// <summary>The provider's name without which these attributes must not be.</summary>
        public const string Provider = "openai";

        public const string ApiType = "openai.api.type";
        public const string RequestServiceTier = "openai.request.service_tier";
        public const string ResponseServiceTier = "openai.response.service_tier";
        public const string SystemFingerprint = "openai.response.system_fingerprint";
    }

    public const string ErrorType = "error.type";
    public const string ExceptionEvent = "exception";
    public const string ExceptionMessage = "exception.message";
    public const string ExceptionStackTrace = "exception.stacktrace";
    public const string ExceptionType = "exception.type";
    public const string HttpStatusCode = "http.response.status_code";
    public const string McpMethod = "mcp.method.name";
    public const string RequestId = "http.response.header.x-request-id";
    public const string RetryAfter = "http.response.header.retry-after";
    public const string ServerAddress = "server.address";
    public const string ServerPort = "server.port";
    public const string SessionId = "session.id";
    public const string UserId = "user.id";

    /// <summary>How a stream ended when nobody read it to its end: <c>abandoned</c> or <c>collected</c>. Absent otherwise.</summary>
    public const string StreamEnding = "llama_stack.stream.ending";

    /// <summary>What a request calls the MCP server whose tools the model server uses.</summary>
    public const string McpServerLabel = "llama_stack.mcp.server_label";

    /// <summary>Values of <see cref="McpMethod"/>.</summary>
    public static class McpMethodValue
    {
        public const string CallTool = "tools/call";
        public const string ListTools = "tools/list";
    }
}
