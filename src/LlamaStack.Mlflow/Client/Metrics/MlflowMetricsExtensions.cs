using System.Runtime.CompilerServices;

namespace LlamaStack.Mlflow;

/// <summary>The figures of MLflow's dashboards.</summary>
public static class MlflowMetricsExtensions
{
    /// <summary>Asks for figures over traces, spans or assessments.</summary>
    /// <param name="client">The client.</param>
    /// <param name="query">What is asked.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>A point for each group and step of time that has values.</returns>
    /// <exception cref="ArgumentException">No experiment, no aggregation, or an interval without a time to start and end.</exception>
    /// <exception cref="MlflowException">The server refused, for instance a metric that the view does not have, or an aggregation that the metric does not; could not be reached; or is older than 3.10 (405).</exception>
    /// <remarks>Source: <c>POST /api/3.0/mlflow/traces/metrics</c>.</remarks>
    public static async IAsyncEnumerable<MlflowMetricPoint> QueryTraceMetricsAsync(
        this MlflowClient client, MlflowMetricsQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        var request = Of(query);
        do
        {
            var answer = await client.Server.PostAsync(
                "api/3.0/mlflow/traces/metrics", request, MlflowJsonContext.Default.QueryMetrics, MlflowJsonContext.Default.MetricsAnswer, cancellationToken).ConfigureAwait(false);
            foreach (var point in answer.Points ?? [])
            {
                yield return point;
            }

            request = request with { PageToken = answer.NextPageToken };
        }
        while (!string.IsNullOrEmpty(request.PageToken));
    }

    private static QueryMetrics Of(MlflowMetricsQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentException.ThrowIfNullOrEmpty(query.Metric, nameof(query));
        if (query.ExperimentIds is not { Count: > 0 } || query.Aggregations is not { Count: > 0 })
        {
            throw new ArgumentException("A query needs at least one experiment and one aggregation.", nameof(query));
        }

        if (query.Interval is { } interval && (interval < TimeSpan.FromSeconds(1) || query.From is null || query.Until is null))
        {
            throw new ArgumentException("An interval is a second or longer, and needs the time to start from and the time to end at.", nameof(query));
        }

        return new QueryMetrics
        {
            ExperimentIds = query.ExperimentIds,
            ViewType = query.View switch
            {
                MlflowMetricsView.Traces => "TRACES",
                MlflowMetricsView.Spans => "SPANS",
                MlflowMetricsView.Assessments => "ASSESSMENTS",
                _ => throw new ArgumentException($"{query.View} is no view.", nameof(query)),
            },
            MetricName = query.Metric,
            Aggregations = query.Aggregations,
            Dimensions = query.Dimensions,
            Filters = query.Filters,
            StartMilliseconds = query.From?.ToUnixTimeMilliseconds(),
            EndMilliseconds = query.Until?.ToUnixTimeMilliseconds(),
            IntervalSeconds = (long?)query.Interval?.TotalSeconds,
        };
    }
}
