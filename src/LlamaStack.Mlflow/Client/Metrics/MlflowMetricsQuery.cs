namespace LlamaStack.Mlflow;

/// <summary>A question as MLflow's dashboards ask it.</summary>
public sealed record MlflowMetricsQuery
{
    /// <summary>Gets the experiments' ids, digits.</summary>
    public required IReadOnlyList<string> ExperimentIds { get; init; }

    /// <summary>Gets what is measured over.</summary>
    public MlflowMetricsView View { get; init; }

    /// <summary>Gets the metric, one of those of the <see cref="View"/>: <c>trace_count</c>, <c>latency</c> in milliseconds, <c>total_tokens</c> and others.</summary>
    public required string Metric { get; init; }

    /// <summary>Gets how values become one; at least one way.</summary>
    public required IReadOnlyList<MlflowMetricAggregation> Aggregations { get; init; }

    /// <summary>Gets what values are grouped by, for instance <c>span_type</c>.</summary>
    public IReadOnlyList<string>? Dimensions { get; init; }

    /// <summary>Gets conditions that all must be met, in MLflow's own words, for instance <c>trace.status = 'OK'</c>.</summary>
    public IReadOnlyList<string>? Filters { get; init; }

    /// <summary>Gets the time from which on.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Gets the time up to which.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Gets the length of the steps of a time line, whole seconds; it needs <see cref="From"/> and <see cref="Until"/>.</summary>
    /// <value>Null for one value over all the time. With it, each point has the dimension <c>time_bucket</c>.</value>
    public TimeSpan? Interval { get; init; }
}
