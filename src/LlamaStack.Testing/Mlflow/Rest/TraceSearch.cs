using System.Globalization;

namespace LlamaStack.Testing;

/// <summary>Which traces a filter finds, and in which order.</summary>
internal static class TraceSearch
{
    private static readonly string[] _filterKeys =
    [
        "request_id", "client_request_id", "timestamp", "timestamp_ms", "execution_time", "execution_time_ms", "end_time", "end_time_ms",
        "status", "name", "run_id", "prompt", "text",
    ];

    private static readonly string[] _orderKeys =
    [
        "experiment_id", "timestamp", "timestamp_ms", "execution_time", "execution_time_ms", "end_time", "end_time_ms", "status", "request_id", "name", "run_id",
    ];

    public static IEnumerable<TraceRow> Filter(IEnumerable<TraceRow> traces, string filter)
    {
        var clauses = FilterClause.Parse(filter, _filterKeys);
        return traces.Where(trace => clauses.All(clause => Matches(trace, clause)));
    }

    /// <summary>Newest first unless told otherwise; equals by their ids.</summary>
    public static IEnumerable<TraceRow> Order(IEnumerable<TraceRow> traces, IEnumerable<string> orderBy)
    {
        var ordered = traces.Order(Comparer<TraceRow>.Create(static (_, _) => 0));
        foreach (var words in orderBy.Select(static clause => clause.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            var key = words[0].Trim('`');
            if (!_orderKeys.Contains(key))
            {
                throw MlflowError.Invalid(FilterClause.InvalidKey(key, _orderKeys));
            }

            ordered = words.Length > 1 && words[1].Equals("DESC", StringComparison.OrdinalIgnoreCase)
                ? ordered.ThenByDescending(trace => SortKey(trace, key), StringComparer.Ordinal)
                : ordered.ThenBy(trace => SortKey(trace, key), StringComparer.Ordinal);
        }

        return ordered.ThenByDescending(static trace => trace.RequestTime).ThenBy(static trace => trace.TraceId, StringComparer.Ordinal);
    }

    private static bool Matches(TraceRow trace, FilterClause clause) => clause.Entity switch
    {
        "tag" => clause.Matches(TraceInfoJson.Tags(trace).GetValueOrDefault(clause.Key)),
        "metadata" => clause.Matches(TraceInfoJson.Metadata(trace).GetValueOrDefault(clause.Key)),
        "span" => trace.Spans.Exists(span => clause.Matches(SpanColumn(span, clause.Key))),
        "attribute" => MatchesAttribute(trace, clause),
        _ => throw MlflowError.Invalid($"This stand-in does not filter by {clause.Entity}."),
    };

    private static bool MatchesAttribute(TraceRow trace, FilterClause clause) => clause.Key switch
    {
        "request_id" => clause.Matches(trace.TraceId),
        "client_request_id" => clause.Matches(trace.ClientRequestId),
        "status" => clause.Matches(trace.State),
        "name" => clause.Matches(trace.Name),
        "run_id" => trace.Runs.Any(clause.Matches),
        "prompt" => trace.Prompts.Any(clause.Matches),
        "timestamp" or "timestamp_ms" => clause.Matches(trace.RequestTime),
        "execution_time" or "execution_time_ms" => clause.Matches(trace.Duration),
        "end_time" or "end_time_ms" => clause.Matches(trace.RequestTime + (trace.Duration ?? 0)),
        _ => throw MlflowError.Invalid($"This stand-in does not filter by {clause.Key}."),
    };

    private static string? SpanColumn(SpanRow span, string key) => key switch
    {
        "name" => span.Sent.Name,
        "type" => span.Type,
        "status" => span.Sent.Status.ToString().ToUpperInvariant(),
        _ => throw MlflowError.Invalid($"Invalid span attribute '{key}'. Supported attributes: name, status, type, attributes.<attribute_name>."),
    };

    /// <summary>Numbers in a width at which text compares as they do.</summary>
    private static string SortKey(TraceRow trace, string key) => key switch
    {
        "experiment_id" => Padded(trace.ExperimentId),
        "timestamp" or "timestamp_ms" => Padded(trace.RequestTime),
        "execution_time" or "execution_time_ms" => Padded(trace.Duration ?? 0),
        "end_time" or "end_time_ms" => Padded(trace.RequestTime + (trace.Duration ?? 0)),
        "status" => trace.State,
        "name" => trace.Name ?? "\uFFFF",
        "run_id" => trace.Runs.FirstOrDefault() ?? "\uFFFF",
        _ => trace.TraceId,
    };

    private static string Padded(long number) => number.ToString("D19", CultureInfo.InvariantCulture);
}
