using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>What an MLflow server says of itself.</summary>
public sealed record MlflowServerInfo : MlflowObject
{
    /// <summary>Gets how it keeps its data: <c>SqlStore</c>, or <c>FileStore</c>, which cannot keep traces.</summary>
    [JsonPropertyName("store_type")]
    public string? StoreType { get; init; }

    /// <summary>Gets whether it has workspaces.</summary>
    [JsonPropertyName("workspaces_enabled")]
    public bool WorkspacesEnabled { get; init; }
}
