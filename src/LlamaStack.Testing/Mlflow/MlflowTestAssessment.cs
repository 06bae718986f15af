using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Feedback on a trace, or an expectation of it.</summary>
public sealed class MlflowTestAssessment
{
    internal MlflowTestAssessment(AssessmentRow row)
    {
        (Id, Name, SpanId, IsFeedback, Value, Valid) = (row.Id, row.Name, row.SpanId, row.IsFeedback, row.Value?.DeepClone(), row.Valid);
        (SourceType, SourceId, Rationale, ErrorCode) = (row.SourceType, row.SourceId, row.Rationale, row.Error?["error_code"]?.ToString());
        Metadata = new Dictionary<string, string>(row.Metadata);
    }

    /// <summary>Gets the id: <c>a-</c> and 32 hexadecimal digits.</summary>
    public string Id { get; }

    /// <summary>Gets the name, such as <c>user_feedback</c>.</summary>
    public string Name { get; }

    /// <summary>Gets the span that is meant.</summary>
    /// <value><see langword="null"/> for the whole trace.</value>
    public string? SpanId { get; }

    /// <summary>Gets a value indicating whether it is feedback; else it is an expectation.</summary>
    public bool IsFeedback { get; }

    /// <summary>Gets the value. Numbers are doubles.</summary>
    public JsonNode? Value { get; }

    /// <summary>Gets who it is from: <c>HUMAN</c>, <c>LLM_JUDGE</c>, <c>CODE</c> or <c>SOURCE_TYPE_UNSPECIFIED</c>.</summary>
    public string SourceType { get; }

    /// <summary>Gets the source's id.</summary>
    /// <value>Empty if none was sent.</value>
    public string SourceId { get; }

    /// <summary>Gets the reason given.</summary>
    /// <value>Always <see langword="null"/> for an expectation: MLflow does not keep it.</value>
    public string? Rationale { get; }

    /// <summary>Gets the code of an error that stands in for a value.</summary>
    public string? ErrorCode { get; }

    /// <summary>Gets the metadata.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Gets a value indicating whether no other assessment overrides it.</summary>
    public bool Valid { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} = {Value?.ToJsonString() ?? "null"}";
}
