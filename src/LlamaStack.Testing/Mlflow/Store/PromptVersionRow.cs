namespace LlamaStack.Testing;

/// <summary>A version of a prompt; its text is a tag.</summary>
internal sealed record PromptVersionRow(int Version, string Source, string Description, long Created)
{
    public Dictionary<string, string> Tags { get; } = [];
}
