namespace LlamaStack.Testing;

/// <summary>A message as plain text; a tool's result has the tool's <see cref="Name"/>.</summary>
internal sealed record CannedMessage(string Role, string Text, string? Name = null)
{
    /// <summary>Joins a call and its result in a Responses input.</summary>
    public string? CallId { get; init; }
}
