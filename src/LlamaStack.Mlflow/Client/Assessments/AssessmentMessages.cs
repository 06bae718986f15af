using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

internal sealed record AssessmentAnswer([property: JsonPropertyName("assessment")] MlflowAssessment? Assessment);

internal sealed record CreateAssessment([property: JsonPropertyName("assessment")] NewAssessment Assessment);

/// <summary>The mask names what changes, in camel case and joined by commas: another spelling is answered with 200, and changes nothing.</summary>
internal sealed record UpdateAssessment(
    [property: JsonPropertyName("assessment")] NewAssessment Assessment,
    [property: JsonPropertyName("update_mask")] string UpdateMask);

/// <summary>Without an id: the server makes one, and fails on one that it knows.</summary>
internal sealed record NewAssessment
{
    [JsonPropertyName("assessment_name")]
    public string? Name { get; init; }

    [JsonPropertyName("span_id")]
    public string? SpanId { get; init; }

    [JsonPropertyName("source")]
    public MlflowAssessmentSource? Source { get; init; }

    [JsonPropertyName("feedback")]
    public FeedbackValue? Feedback { get; init; }

    [JsonPropertyName("expectation")]
    public ExpectationValue? Expectation { get; init; }

    [JsonPropertyName("rationale")]
    public string? Rationale { get; init; }

    [JsonPropertyName("metadata")]
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    [JsonPropertyName("overrides")]
    public string? Overrides { get; init; }
}

internal sealed record FeedbackValue(
    [property: JsonPropertyName("value")] JsonNode? Value,
    [property: JsonPropertyName("error")] MlflowAssessmentError? Error);

/// <summary>A list or an object travels as JSON text, and so keeps whole numbers whole.</summary>
internal sealed record ExpectationValue(
    [property: JsonPropertyName("value")] JsonNode? Value,
    [property: JsonPropertyName("serialized_value")] SerializedValue? Serialized)
{
    [JsonIgnore]
    public JsonNode? Plain => Serialized?.Value is { } json ? Parse(json) : Value;

    public static ExpectationValue Of(JsonNode value) =>
        value is JsonValue ? new ExpectationValue(value, null) : new ExpectationValue(null, new SerializedValue("JSON_FORMAT", value.ToJsonString()));

    private static JsonNode? Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json);
        }
        catch (JsonException)
        {
            // Python writes NaN, which is no JSON.
            return json;
        }
    }
}

internal sealed record SerializedValue(
    [property: JsonPropertyName("serialization_format")] string? Format,
    [property: JsonPropertyName("value")] string? Value);
