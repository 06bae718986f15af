namespace LlamaStack.Testing;

/// <summary>An experiment as the server holds it.</summary>
public sealed class MlflowTestExperiment
{
    internal MlflowTestExperiment(ExperimentRow row) =>
        (Id, Name, LifecycleStage, Tags) = ($"{row.Id}", row.Name, row.LifecycleStage, new Dictionary<string, string>(row.Tags));

    /// <summary>Gets the number, as text.</summary>
    public string Id { get; }

    /// <summary>Gets the name.</summary>
    public string Name { get; }

    /// <summary>Gets the stage: <c>active</c> or <c>deleted</c>.</summary>
    public string LifecycleStage { get; }

    /// <summary>Gets the tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Id} {Name} ({LifecycleStage})";
}
