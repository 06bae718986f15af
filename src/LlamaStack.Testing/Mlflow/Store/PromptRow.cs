namespace LlamaStack.Testing;

/// <summary>A registered model, which is how MLflow keeps a prompt.</summary>
internal sealed class PromptRow(string name, long created)
{
    public string Name { get; } = name;

    public long Created { get; } = created;

    public long Updated { get; set; } = created;

    public string? Description { get; init; }

    public Dictionary<string, string> Tags { get; } = [];

    /// <summary>Version 1 first.</summary>
    public List<PromptVersionRow> Versions { get; } = [];

    public Dictionary<string, int> Aliases { get; } = [];
}
