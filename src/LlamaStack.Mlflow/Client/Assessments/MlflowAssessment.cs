using System.Collections.ObjectModel;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>Feedback on a trace, or an expectation of it, as MLflow keeps it.</summary>
public sealed record MlflowAssessment : MlflowObject
{
    /// <summary>Gets the id: <c>a-</c> and 32 hexadecimal digits.</summary>
    [JsonPropertyName("assessment_id")]
    public required string Id { get; init; }

    /// <summary>Gets what is assessed.</summary>
    [JsonPropertyName("assessment_name")]
    public string? Name { get; init; }

    /// <summary>Gets the trace.</summary>
    [JsonPropertyName("trace_id")]
    public string? TraceId { get; init; }

    /// <summary>Gets the span that is meant, 16 hexadecimal digits.</summary>
    /// <value>Null for the whole trace.</value>
    [JsonPropertyName("span_id")]
    public string? SpanId { get; init; }

    /// <summary>Gets who assessed.</summary>
    [JsonPropertyName("source")]
    public MlflowAssessmentSource? Source { get; init; }

    /// <summary>Gets when it was made.</summary>
    [JsonPropertyName("create_time")]
    public DateTimeOffset? CreateTime { get; init; }

    /// <summary>Gets when it was last changed.</summary>
    [JsonPropertyName("last_update_time")]
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>Gets whether it is feedback; else it is an expectation.</summary>
    [JsonIgnore]
    public bool IsFeedback => Feedback is not null;

    /// <summary>Gets the judgement, or what is expected. A number is a double.</summary>
    [JsonIgnore]
    public JsonNode? Value => Feedback is { } feedback ? feedback.Value : Expectation?.Plain;

    /// <summary>Gets why feedback has no value.</summary>
    [JsonIgnore]
    public MlflowAssessmentError? Error => Feedback?.Error;

    /// <summary>Gets the reason of feedback, in words.</summary>
    [JsonPropertyName("rationale")]
    public string? Rationale { get; init; }

    /// <summary>Gets what else is kept with it.</summary>
    [JsonPropertyName("metadata")]
    public IReadOnlyDictionary<string, string> Metadata { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    /// <summary>Gets the id of the assessment that this one takes the place of.</summary>
    [JsonPropertyName("overrides")]
    public string? Overrides { get; init; }

    /// <summary>Gets whether it counts: no other one has taken its place.</summary>
    [JsonPropertyName("valid")]
    public bool IsValid { get; init; }

    [JsonInclude]
    [JsonPropertyName("feedback")]
    internal FeedbackValue? Feedback { get; init; }

    [JsonInclude]
    [JsonPropertyName("expectation")]
    internal ExpectationValue? Expectation { get; init; }
}
