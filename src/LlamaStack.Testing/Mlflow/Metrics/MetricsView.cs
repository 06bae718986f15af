using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>What one view knows: its rows, its metrics and how these may be aggregated, its dimensions.</summary>
internal sealed record MetricsView(
    string Word,
    Func<TraceRow, IEnumerable<MetricsRow>> Rows,
    IReadOnlyDictionary<string, Metric> Metrics,
    IReadOnlyDictionary<string, Func<MetricsRow, string?>> Dimensions)
{
    private static readonly string[] _count = ["COUNT"];
    private static readonly string[] _range = ["AVG", "MAX", "MIN", "PERCENTILE"];
    private static readonly string[] _sums = [.. _range, "SUM"];

    public static MetricsView Traces { get; } = new(
        "TRACES",
        static trace => [new MetricsRow(trace)],
        new OrderedDictionary<string, Metric>
        {
            ["trace_count"] = new(_count, static _ => 1),
            ["session_count"] = new(_count, static row => row.Trace.SessionId is null ? null : 1) { Distinct = static row => row.Trace.SessionId },
            ["latency"] = new(_range, static row => row.Trace.Duration),
            ["input_tokens"] = Tokens("input_tokens"),
            ["output_tokens"] = Tokens("output_tokens"),
            ["total_tokens"] = Tokens("total_tokens"),
            ["cache_read_input_tokens"] = Tokens("cache_read_input_tokens"),
            ["cache_creation_input_tokens"] = Tokens("cache_creation_input_tokens"),
        },
        new Dictionary<string, Func<MetricsRow, string?>> { ["trace_name"] = static row => row.Trace.Name, ["trace_status"] = static row => row.Trace.State });

    public static MetricsView Spans { get; } = new(
        "SPANS",
        static trace => trace.Spans.Select(span => new MetricsRow(trace, span)),
        new OrderedDictionary<string, Metric>
        {
            ["span_count"] = new(_count, static _ => 1),
            ["latency"] = new(_range, static row => row.Span!.EndMilliseconds - row.Span.StartMilliseconds),
            ["input_cost"] = Cost("input_cost"),
            ["output_cost"] = Cost("output_cost"),
            ["total_cost"] = Cost("total_cost"),
        },
        new Dictionary<string, Func<MetricsRow, string?>>
        {
            ["span_model_name"] = static row => row.Span!.Attributes.Value(MlflowKeys.Model)?.ToString(),
            ["span_model_provider"] = static row => row.Span!.Attributes.Value(MlflowKeys.Provider)?.ToString(),
            ["span_name"] = static row => row.Span!.Sent.Name,
            ["span_status"] = static row => row.Span!.Sent.Status.ToString().ToUpperInvariant(),
            ["span_type"] = static row => row.Span!.Type,
        });

    /// <summary>Those that are overridden do not count.</summary>
    public static MetricsView Assessments { get; } = new(
        "ASSESSMENTS",
        static trace => trace.Assessments.Where(static assessment => assessment.Valid).Select(assessment => new MetricsRow(trace, Assessment: assessment)),
        new OrderedDictionary<string, Metric>
        {
            ["assessment_count"] = new(_count, static _ => 1),
            ["assessment_value"] = new(_range, static row => Number(row.Assessment!.Value)),
        },
        new Dictionary<string, Func<MetricsRow, string?>>
        {
            ["assessment_name"] = static row => row.Assessment!.Name,
            ["assessment_value"] = static row => PythonJson.Spaced(row.Assessment!.Value),
        });

    private static Metric Tokens(string name) => new(_sums, row => row.Trace.TokenUsage.TryGetValue(name, out var tokens) ? tokens : null);

    private static Metric Cost(string name) => new(_sums, row => MlflowJson.ToDouble(row.Span!.Attributes.Value(MlflowKeys.SpanCost)?[name]));

    /// <summary>A truth value counts as one or none.</summary>
    private static double? Number(JsonNode? value) => value is JsonValue scalar && scalar.TryGetValue<bool>(out var truth) ? truth ? 1 : 0 : MlflowJson.ToDouble(value);
}

/// <summary>A metric: the aggregations that it allows, and a row's value; null where it has none.</summary>
internal sealed record Metric(IReadOnlyList<string> Aggregations, Func<MetricsRow, double?> Value)
{
    /// <summary>Of rows that are the same, one counts.</summary>
    public Func<MetricsRow, string?>? Distinct { get; init; }
}
