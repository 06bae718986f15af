using System.Text.Json.Nodes;

namespace LlamaStack.Mlflow;

/// <summary>What shall change of an assessment; what is null stays as it is.</summary>
public sealed record MlflowAssessmentUpdate
{
    /// <summary>Gets the new name.</summary>
    public string? Name { get; init; }

    /// <summary>Gets the new value.</summary>
    /// <value>It replaces value and error together.</value>
    public JsonNode? Value { get; init; }

    /// <summary>Gets the new error of feedback.</summary>
    /// <value>It replaces value and error together.</value>
    public MlflowAssessmentError? Error { get; init; }

    /// <summary>Gets the new reason of feedback; empty takes it away.</summary>
    public string? Rationale { get; init; }

    /// <summary>Gets metadata to add, or to replace key by key.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}
