namespace LlamaStack.Mlflow;

/// <summary>What a metric is measured over.</summary>
public enum MlflowMetricsView
{
    /// <summary>Traces: <c>trace_count</c>, <c>session_count</c>, <c>latency</c>, <c>input_tokens</c>, <c>output_tokens</c>, <c>total_tokens</c>; by <c>trace_name</c>, <c>trace_status</c>.</summary>
    Traces,

    /// <summary>Spans: <c>span_count</c>, <c>latency</c>, <c>input_cost</c>, <c>output_cost</c>, <c>total_cost</c>; by <c>span_name</c>, <c>span_type</c>, <c>span_status</c>, <c>span_model_name</c>, <c>span_model_provider</c>.</summary>
    Spans,

    /// <summary>Assessments: <c>assessment_count</c>, <c>assessment_value</c>; by <c>assessment_name</c>, <c>assessment_value</c>.</summary>
    Assessments,
}
