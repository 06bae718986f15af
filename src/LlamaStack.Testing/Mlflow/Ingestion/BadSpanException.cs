namespace LlamaStack.Testing;

/// <summary>A span at which MLflow stumbles, without saying more.</summary>
internal sealed class BadSpanException() : Exception("Failed to log OpenTelemetry spans");
