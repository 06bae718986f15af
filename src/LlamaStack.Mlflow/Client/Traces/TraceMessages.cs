using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

internal sealed record MlflowExperimentLocation([property: JsonPropertyName("experiment_id")] string ExperimentId);

internal sealed record TraceLocation(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("mlflow_experiment")] MlflowExperimentLocation MlflowExperiment)
{
    public static TraceLocation Of(string experimentId) => new("MLFLOW_EXPERIMENT", new MlflowExperimentLocation(experimentId));
}

internal sealed record SearchTraces(
    [property: JsonPropertyName("locations")] IReadOnlyList<TraceLocation> Locations,
    [property: JsonPropertyName("filter")] string? Filter,
    [property: JsonPropertyName("max_results")] int MaxResults,
    [property: JsonPropertyName("order_by")] IReadOnlyList<string> OrderBy,
    [property: JsonPropertyName("page_token")] string? PageToken);

internal sealed record FoundTraces(
    [property: JsonPropertyName("traces")] IReadOnlyList<MlflowTrace>? Traces,
    [property: JsonPropertyName("next_page_token")] string? NextPageToken);

internal sealed record TraceAnswer([property: JsonPropertyName("trace")] WholeTrace? Trace);

internal sealed record WholeTraces([property: JsonPropertyName("traces")] IReadOnlyList<WholeTrace>? Traces);

internal sealed record WholeTrace(
    [property: JsonPropertyName("trace_info")] MlflowTrace? TraceInfo,
    [property: JsonPropertyName("spans")] IReadOnlyList<MlflowSpan>? Spans)
{
    [JsonIgnore]
    public MlflowTrace? WithSpans => TraceInfo is null ? null : TraceInfo with { Spans = Spans ?? [] };
}

internal sealed record SpanStatus(
    [property: JsonPropertyName("code"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Code,
    [property: JsonPropertyName("message"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Message);

internal sealed record TraceTag(
    [property: JsonPropertyName("key")] string Key,
    [property: JsonPropertyName("value")] string? Value);

internal sealed record DeleteTraces(
    [property: JsonPropertyName("experiment_id")] string ExperimentId,
    [property: JsonPropertyName("request_ids")] IReadOnlyCollection<string>? TraceIds,
    [property: JsonPropertyName("max_timestamp_millis")] long? UntilMilliseconds,
    [property: JsonPropertyName("max_traces")] int? MaxTraces);

internal sealed record DeletedTraces([property: JsonPropertyName("traces_deleted")] int Count);

internal sealed record LinkTracesToRun(
    [property: JsonPropertyName("trace_ids")] IReadOnlyList<string> TraceIds,
    [property: JsonPropertyName("run_id")] string RunId);

/// <summary>The body of StartTraceV3. Every value is text: the server drops what follows a member of another type, and says nothing.</summary>
internal sealed record StartTrace([property: JsonPropertyName("trace")] StartTraceBody Trace);

internal sealed record StartTraceBody([property: JsonPropertyName("trace_info")] StartTraceInfo TraceInfo);

internal sealed record StartTraceInfo(
    [property: JsonPropertyName("trace_id")] string TraceId,
    [property: JsonPropertyName("trace_location")] TraceLocation TraceLocation,
    [property: JsonPropertyName("request_time")] string RequestTime,
    [property: JsonPropertyName("execution_duration")] string ExecutionDuration,
    [property: JsonPropertyName("state")] string State,
    [property: JsonPropertyName("request_preview")] string? RequestPreview,
    [property: JsonPropertyName("response_preview")] string? ResponsePreview,
    [property: JsonPropertyName("client_request_id")] string? ClientRequestId,
    [property: JsonPropertyName("trace_metadata")] IReadOnlyDictionary<string, string> Metadata,
    [property: JsonPropertyName("tags")] IReadOnlyDictionary<string, string> Tags);
