using System.Text.Json.Nodes;

namespace LlamaStack.Mlflow;

/// <summary>What somebody thinks of a trace, or of one span of it.</summary>
public sealed record MlflowFeedback
{
    /// <summary>Gets what is judged, for instance <c>user_feedback</c> or <c>relevance</c>; up to 250 characters.</summary>
    /// <remarks>Several of one name stand side by side; MLflow's pages count them together.</remarks>
    public required string Name { get; init; }

    /// <summary>Gets the judgement: a truth value, a number, a text, or a list or object of these.</summary>
    /// <value>MLflow keeps numbers as doubles. May be null where <see cref="Error"/> says why; MLflow 3.7 wants a value.</value>
    public JsonNode? Value { get; init; }

    /// <summary>Gets why there is no value.</summary>
    public MlflowAssessmentError? Error { get; init; }

    /// <summary>Gets who judged.</summary>
    public required MlflowAssessmentSource Source { get; init; }

    /// <summary>Gets the reason, in words.</summary>
    public string? Rationale { get; init; }

    /// <summary>Gets the span that is meant, 16 hexadecimal digits.</summary>
    /// <value>Null for the whole trace.</value>
    public string? SpanId { get; init; }

    /// <summary>Gets what else shall be kept with it.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}
