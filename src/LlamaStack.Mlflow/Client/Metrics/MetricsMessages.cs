using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

internal sealed record QueryMetrics
{
    [JsonPropertyName("experiment_ids")]
    public required IReadOnlyList<string> ExperimentIds { get; init; }

    [JsonPropertyName("view_type")]
    public required string ViewType { get; init; }

    [JsonPropertyName("metric_name")]
    public required string MetricName { get; init; }

    [JsonPropertyName("aggregations")]
    public required IReadOnlyList<MlflowMetricAggregation> Aggregations { get; init; }

    [JsonPropertyName("dimensions")]
    public IReadOnlyList<string>? Dimensions { get; init; }

    [JsonPropertyName("filters")]
    public IReadOnlyList<string>? Filters { get; init; }

    [JsonPropertyName("start_time_ms")]
    public long? StartMilliseconds { get; init; }

    [JsonPropertyName("end_time_ms")]
    public long? EndMilliseconds { get; init; }

    [JsonPropertyName("time_interval_seconds")]
    public long? IntervalSeconds { get; init; }

    [JsonPropertyName("page_token")]
    public string? PageToken { get; init; }
}

internal sealed record MetricsAnswer(
    [property: JsonPropertyName("data_points")] IReadOnlyList<MlflowMetricPoint>? Points,
    [property: JsonPropertyName("next_page_token")] string? NextPageToken);
