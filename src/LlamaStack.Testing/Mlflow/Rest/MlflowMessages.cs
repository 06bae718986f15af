namespace LlamaStack.Testing;

/// <summary>The request messages of MLflow's REST API, as far as they are served.</summary>
internal static class MlflowMessages
{
    private static readonly ProtoMessage _location = new(
        ProtoField.Word("type", "MLFLOW_EXPERIMENT", "INFERENCE_TABLE", "UC_SCHEMA", "UC_TABLE_PREFIX"),
        ProtoField.Of("mlflow_experiment", new ProtoMessage(ProtoField.Text("experiment_id"))));

    private static readonly ProtoMessage _assessment = new(
        ProtoField.Text("assessment_id"),
        ProtoField.Text("assessment_name"),
        ProtoField.Text("trace_id"),
        ProtoField.Text("span_id"),
        ProtoField.Of("source", new ProtoMessage(ProtoField.Word("source_type", "HUMAN", "LLM_JUDGE", "CODE"), ProtoField.Text("source_id"))),
        new ProtoField("create_time", ProtoType.Timestamp),
        new ProtoField("last_update_time", ProtoType.Timestamp),
        new ProtoField("feedback", ProtoType.Message)
        {
            OneOf = "value",
            Message = new ProtoMessage(
                new ProtoField("value", ProtoType.Any),
                ProtoField.Of("error", new ProtoMessage(ProtoField.Text("error_code"), ProtoField.Text("error_message"), ProtoField.Text("stack_trace")))),
        },
        new ProtoField("expectation", ProtoType.Message)
        {
            OneOf = "value",
            Message = new ProtoMessage(
                new ProtoField("value", ProtoType.Any),
                ProtoField.Of("serialized_value", new ProtoMessage(ProtoField.Text("serialization_format"), ProtoField.Text("value")))),
        },
        ProtoField.Text("rationale"),
        ProtoField.Map("metadata"),
        ProtoField.Text("overrides"),
        new ProtoField("valid", ProtoType.Flag));

    private static readonly ProtoMessage _traceInfo = new(
        ProtoField.Text("trace_id"),
        ProtoField.Text("client_request_id"),
        ProtoField.Of("trace_location", _location),
        ProtoField.Text("request_preview"),
        ProtoField.Text("response_preview"),
        new ProtoField("request_time", ProtoType.Timestamp),
        new ProtoField("execution_duration", ProtoType.Duration),
        ProtoField.Word("state", "STATE_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS"),
        ProtoField.Map("trace_metadata"),
        ProtoField.Map("tags"),
        ProtoField.Many("assessments", _assessment));

    public static ProtoMessage Tag { get; } = new(ProtoField.Text("key"), ProtoField.Text("value"));

    public static ProtoMessage StartTrace { get; } = new(ProtoField.Of("trace", new ProtoMessage(ProtoField.Of("trace_info", _traceInfo))));

    public static ProtoMessage GetTrace { get; } = new(ProtoField.Text("trace_id"), new ProtoField("allow_partial", ProtoType.Flag));

    public static ProtoMessage TraceIds { get; } = new(ProtoField.Texts("trace_ids"));

    public static ProtoMessage SearchTraces { get; } = new(
        ProtoField.Many("locations", _location),
        ProtoField.Text("filter"),
        ProtoField.Integer("max_results"),
        ProtoField.Texts("order_by"),
        ProtoField.Text("page_token"));

    public static ProtoMessage DeleteTraces { get; } = new(
        ProtoField.Text("experiment_id"), ProtoField.Integer("max_timestamp_millis"), ProtoField.Integer("max_traces"), ProtoField.Texts("request_ids"));

    public static ProtoMessage LinkToRun { get; } = new(ProtoField.Texts("trace_ids"), ProtoField.Text("run_id"));

    public static ProtoMessage LinkPrompts { get; } = new(
        ProtoField.Text("trace_id"), ProtoField.Many("prompt_versions", new ProtoMessage(ProtoField.Text("name"), ProtoField.Text("version"))));

    public static ProtoMessage QueryMetrics { get; } = new(
        ProtoField.Texts("experiment_ids"),
        ProtoField.Word("view_type", "TRACES", "SPANS", "ASSESSMENTS"),
        ProtoField.Text("metric_name"),
        ProtoField.Many("aggregations", new ProtoMessage(ProtoField.Word("aggregation_type", "COUNT", "SUM", "AVG", "PERCENTILE", "MIN", "MAX"), new ProtoField("percentile_value", ProtoType.Any))),
        ProtoField.Texts("dimensions"),
        ProtoField.Texts("filters"),
        ProtoField.Integer("time_interval_seconds"),
        ProtoField.Integer("start_time_ms"),
        ProtoField.Integer("end_time_ms"),
        ProtoField.Integer("max_results"),
        ProtoField.Text("page_token"));

    public static ProtoMessage CreateAssessment { get; } = new(ProtoField.Of("assessment", _assessment));

    public static ProtoMessage UpdateAssessment { get; } = new(ProtoField.Of("assessment", _assessment), new ProtoField("update_mask", ProtoType.Mask));

    public static ProtoMessage CreateExperiment { get; } = new(ProtoField.Text("name"), ProtoField.Text("artifact_location"), ProtoField.Many("tags", Tag));

    public static ProtoMessage ExperimentName { get; } = new(ProtoField.Text("experiment_name"));

    public static ProtoMessage ExperimentId { get; } = new(ProtoField.Text("experiment_id"));

    public static ProtoMessage ExperimentTag { get; } = new(ProtoField.Text("experiment_id"), ProtoField.Text("key"), ProtoField.Text("value"));

    public static ProtoMessage SearchExperiments { get; } = new(
        ProtoField.Integer("max_results"),
        ProtoField.Text("page_token"),
        ProtoField.Text("filter"),
        ProtoField.Texts("order_by"),
        ProtoField.Word("view_type", "ACTIVE_ONLY", "DELETED_ONLY", "ALL"));

    public static ProtoMessage RegisteredModel { get; } = new(ProtoField.Text("name"), ProtoField.Text("description"), ProtoField.Many("tags", Tag));

    public static ProtoMessage SearchModels { get; } = new(ProtoField.Text("filter"), ProtoField.Integer("max_results"), ProtoField.Texts("order_by"), ProtoField.Text("page_token"));

    public static ProtoMessage ModelVersion { get; } = new(
        ProtoField.Text("name"), ProtoField.Text("source"), ProtoField.Text("description"), ProtoField.Text("version"), ProtoField.Many("tags", Tag));

    public static ProtoMessage Alias { get; } = new(ProtoField.Text("name"), ProtoField.Text("alias"), ProtoField.Text("version"));
}
