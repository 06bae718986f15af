namespace LlamaStack.Testing;

/// <summary>A call of a tool; the arguments are JSON text.</summary>
internal sealed record CannedCall(string Id, string Name, string Arguments);
