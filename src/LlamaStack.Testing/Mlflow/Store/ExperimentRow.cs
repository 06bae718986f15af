namespace LlamaStack.Testing;

/// <summary>A stored experiment.</summary>
internal sealed class ExperimentRow(long id, string name, string artifactLocation, long created)
{
    public long Id { get; } = id;

    public string Name { get; } = name;

    public string ArtifactLocation { get; } = artifactLocation;

    public long Created { get; } = created;

    public long Updated { get; set; } = created;

    public bool Deleted { get; set; }

    public Dictionary<string, string> Tags { get; } = [];

    public string LifecycleStage => Deleted ? "deleted" : "active";
}
