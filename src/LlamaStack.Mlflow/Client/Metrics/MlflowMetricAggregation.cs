using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>How many values become one.</summary>
public sealed record MlflowMetricAggregation
{
    private MlflowMetricAggregation(string type, double? percentile = null) => (Type, PercentileValue) = (type, percentile);

    /// <summary>Gets the aggregation that counts.</summary>
    public static MlflowMetricAggregation Count { get; } = new("COUNT");

    /// <summary>Gets the sum.</summary>
    public static MlflowMetricAggregation Sum { get; } = new("SUM");

    /// <summary>Gets the mean.</summary>
    public static MlflowMetricAggregation Average { get; } = new("AVG");

    /// <summary>Gets the smallest value.</summary>
    public static MlflowMetricAggregation Min { get; } = new("MIN");

    /// <summary>Gets the largest value.</summary>
    public static MlflowMetricAggregation Max { get; } = new("MAX");

    /// <summary>Gets MLflow's word for it.</summary>
    [JsonPropertyName("aggregation_type")]
    public string Type { get; }

    /// <summary>Gets which percentile, from 0 to 100.</summary>
    /// <value>Null for other aggregations.</value>
    [JsonPropertyName("percentile_value")]
    public double? PercentileValue { get; }

    /// <summary>A percentile; its value stands in the answer as, for instance, <c>P95.0</c>.</summary>
    /// <param name="value">From 0 to 100.</param>
    public static MlflowMetricAggregation Percentile(double value) =>
        value is >= 0 and <= 100 ? new("PERCENTILE", value) : throw new ArgumentOutOfRangeException(nameof(value), value, "A percentile is from 0 to 100.");
}
