namespace LlamaStack.SemanticKernel;

/// <summary>Names of the general OpenTelemetry conventions for errors: <see href="https://opentelemetry.io/docs/specs/semconv/"/>.</summary>
internal static class SemanticAttributes
{
    public const string ErrorType = "error.type";
    public const string ExceptionEvent = "exception";
    public const string ExceptionType = "exception.type";
}
