namespace LlamaStack.Testing;

/// <summary>Traces that an old server could not store.</summary>
internal sealed class BadTracesException(string message) : Exception(message);
