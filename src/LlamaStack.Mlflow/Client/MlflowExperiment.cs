using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>An experiment: what traces are kept in.</summary>
public sealed record MlflowExperiment : MlflowObject
{
    /// <summary>Gets the experiment's id, digits.</summary>
    [JsonPropertyName("experiment_id")]
    public required string Id { get; init; }

    /// <summary>Gets the experiment's name.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>Gets whether it is <c>active</c> or <c>deleted</c>; a deleted one can be restored.</summary>
    [JsonPropertyName("lifecycle_stage")]
    public string? LifecycleStage { get; init; }

    /// <summary>Gets where its artifacts lie.</summary>
    [JsonPropertyName("artifact_location")]
    public string? ArtifactLocation { get; init; }

    internal bool IsDeleted => LifecycleStage is "deleted";
}
