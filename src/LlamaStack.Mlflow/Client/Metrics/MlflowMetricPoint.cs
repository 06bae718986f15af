using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>An answer to a <see cref="MlflowMetricsQuery"/>: the values of one group.</summary>
public sealed record MlflowMetricPoint : MlflowObject
{
    /// <summary>Gets the metric.</summary>
    [JsonPropertyName("metric_name")]
    public string? Metric { get; init; }

    /// <summary>Gets the group, by dimension.</summary>
    [JsonPropertyName("dimensions")]
    public IReadOnlyDictionary<string, string> Dimensions { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    /// <summary>Gets the values by aggregation: <c>COUNT</c>, <c>SUM</c>, <c>AVG</c>, <c>P95.0</c>.</summary>
    [JsonPropertyName("values")]
    public IReadOnlyDictionary<string, double> Values { get => field ?? ReadOnlyDictionary<string, double>.Empty; init; }
}
