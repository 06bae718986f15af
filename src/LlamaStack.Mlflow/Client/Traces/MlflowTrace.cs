using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>What MLflow tells of a trace.</summary>
public sealed record MlflowTrace : MlflowObject
{
    /// <summary>Gets the trace's id: <c>tr-</c> and 32 hexadecimal digits.</summary>
    [JsonPropertyName("trace_id")]
    public required string TraceId { get; init; }

    /// <summary>Gets the id of the experiment that keeps it, digits.</summary>
    [JsonIgnore]
    public string? ExperimentId => Location?.MlflowExperiment?.ExperimentId;

    /// <summary>Gets how it went: <c>OK</c>, <c>ERROR</c>, or <c>IN_PROGRESS</c> while its root has not come.</summary>
    [JsonPropertyName("state")]
    public string? State { get; init; }

    /// <summary>Gets when it began.</summary>
    [JsonPropertyName("request_time")]
    public DateTimeOffset? RequestTime { get; init; }

    /// <summary>Gets how long it took.</summary>
    /// <value>Null while it is in progress.</value>
    [JsonIgnore]
    public TimeSpan? Duration =>
        ExecutionDuration is { Length: > 1 } text && text[^1] == 's' && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;

    /// <summary>Gets the beginning of what was asked; 1,000 characters at most.</summary>
    [JsonPropertyName("request_preview")]
    public string? RequestPreview { get; init; }

    /// <summary>Gets the beginning of what was answered; 1,000 characters at most.</summary>
    [JsonPropertyName("response_preview")]
    public string? ResponsePreview { get; init; }

    /// <summary>Gets the id that the application gave it.</summary>
    [JsonPropertyName("client_request_id")]
    public string? ClientRequestId { get; init; }

    /// <summary>Gets the tags, which can be changed.</summary>
    [JsonPropertyName("tags")]
    public IReadOnlyDictionary<string, string> Tags { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    /// <summary>Gets the metadata, which cannot be changed.</summary>
    [JsonPropertyName("trace_metadata")]
    public IReadOnlyDictionary<string, string> Metadata { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    /// <summary>Gets feedback and expectations, those that no longer count too.</summary>
    [JsonPropertyName("assessments")]
    public IReadOnlyList<MlflowAssessment> Assessments { get => field ?? []; init; }

    /// <summary>Gets the trace's name.</summary>
    [JsonIgnore]
    public string? Name => Tags.GetValueOrDefault(MlflowAttributes.Tag.TraceName);

    /// <summary>Gets the session that it belongs to.</summary>
    [JsonIgnore]
    public string? Session => Metadata.GetValueOrDefault(MlflowAttributes.Metadata.Session);

    /// <summary>Gets the user that it belongs to.</summary>
    [JsonIgnore]
    public string? User => Metadata.GetValueOrDefault(MlflowAttributes.Metadata.User);

    /// <summary>Gets the tokens of all its model calls together.</summary>
    /// <value>Null where none was counted.</value>
    [JsonIgnore]
    public MlflowTokenUsage? TokenUsage =>
        Metadata.TryGetValue(MlflowAttributes.Metadata.TokenUsage, out var json) ? JsonSerializer.Deserialize(json, MlflowJsonContext.Default.MlflowTokenUsage) : null;

    /// <summary>Gets what all its model calls cost together.</summary>
    /// <value>Null where nobody knows a price.</value>
    [JsonIgnore]
    public MlflowCost? Cost =>
        Metadata.TryGetValue(MlflowAttributes.Metadata.Cost, out var json) ? JsonSerializer.Deserialize(json, MlflowJsonContext.Default.MlflowCost) : null;

    /// <summary>Gets the spans, in the server's order.</summary>
    /// <value>Null where they were not asked for: <see cref="MlflowTraceExtensions.GetTraceWithSpansAsync"/> does.</value>
    [JsonPropertyName("spans")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<MlflowSpan>? Spans { get; init; }

    [JsonInclude]
    [JsonPropertyName("trace_location")]
    internal TraceLocation? Location { get; init; }

    [JsonInclude]
    [JsonPropertyName("execution_duration")]
    internal string? ExecutionDuration { get; init; }
}
