using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>Why there is no feedback, for instance because a judge failed.</summary>
public sealed record MlflowAssessmentError : MlflowObject
{
    /// <summary>Gets a short word for it, such as <c>TIMEOUT</c>.</summary>
    [JsonPropertyName("error_code")]
    public required string Code { get; init; }

    /// <summary>Gets what happened.</summary>
    [JsonPropertyName("error_message")]
    public string? Message { get; init; }

    /// <summary>Gets where it happened.</summary>
    [JsonPropertyName("stack_trace")]
    public string? StackTrace { get; init; }
}
