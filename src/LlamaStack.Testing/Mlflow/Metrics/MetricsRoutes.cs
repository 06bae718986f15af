using System.Globalization;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary><c>…/traces/metrics</c>: the figures of the dashboards.</summary>
internal sealed class MetricsRoutes(MlflowStore store, MlflowBehaviour behaviour)
{
    private static readonly MetricsView[] _views = [MetricsView.Traces, MetricsView.Spans, MetricsView.Assessments];

    public void Map(MlflowRoutes routes)
    {
        if (behaviour.ServerInfo)
        {
            routes.Map("POST", "3.0/mlflow/traces/metrics", Query);
        }
    }

    private MlflowAnswer Query(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.QueryMetrics, "view_type", "metric_name");
        var view = Array.Find(_views, view => view.Word == request.Text("view_type")) ?? MetricsView.Traces;
        var metric = view.Metrics.GetValueOrDefault(request.Text("metric_name"))
            ?? throw MlflowError.Invalid($"metric_name must be one of {Quoted(view.Metrics.Keys)}, got '{request.Text("metric_name")}'");
        var aggregations = request.Items("aggregations").Select(Aggregation.Read).ToList();
        RequireKnown(aggregations.Select(static aggregation => aggregation.Type), metric.Aggregations, "aggregation_type(s)", "aggregation types");
        var dimensions = request.Texts("dimensions").ToList();
        RequireKnown(dimensions, view.Dimensions.Keys, "dimension(s)", "dimensions");
        var (from, until, interval) = (request.Integer("start_time_ms"), request.Integer("end_time_ms"), request.Integer("time_interval_seconds") * 1000);
        if (interval is not null && (from is null || until is null))
        {
            throw MlflowError.Invalid("start_time_ms and end_time_ms are required if time_interval_seconds is set");
        }

        var experiments = request.Texts("experiment_ids").ToHashSet();
        var filters = request.Texts("filters").Select(text => MetricsFilter.Parse(text, view)).ToList();
        var rows = store.Traces.Values
            .Where(trace => experiments.Contains($"{trace.ExperimentId}") && (from is null || trace.RequestTime >= from) && (until is null || trace.RequestTime <= until))
            .SelectMany(view.Rows)
            .Where(row => filters.All(filter => filter.Matches(row)));
        var points = Groups(rows, view, dimensions, interval)
            .Select(group => Point(request.Text("metric_name"), group.Dimensions, Values(group.Rows, metric, aggregations)))
            .OfType<JsonNode>()
            .ToArray();
        return MlflowAnswer.Json(points.Length == 0 ? [] : new JsonObject { ["data_points"] = new JsonArray(points) }, indented: true);
    }

    /// <summary>Rows without one of the dimensions are in no group; without dimensions there is one group, be it empty.</summary>
    private static IEnumerable<(JsonObject Dimensions, List<MetricsRow> Rows)> Groups(IEnumerable<MetricsRow> rows, MetricsView view, List<string> dimensions, long? interval)
    {
        if (dimensions.Count == 0 && interval is null)
        {
            return [([], rows.ToList())];
        }

        List<Func<MetricsRow, string?>> keys = [.. dimensions.Select(dimension => view.Dimensions[dimension])];
        List<string> names = [.. dimensions];
        if (interval is { } step)
        {
            names.Add("time_bucket");
            keys.Add(row => DateTimeOffset.FromUnixTimeMilliseconds(row.Trace.RequestTime / step * step).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture));
        }

        return rows
            .Select(row => (Row: row, Key: keys.ConvertAll(key => key(row))))
            .Where(static item => !item.Key.Contains(null))
            .GroupBy(static item => string.Join('\0', item.Key))
            .OrderBy(static group => group.Key, StringComparer.Ordinal)
            .Select(group => (new JsonObject(names.Zip(group.First().Key, static (name, value) => KeyValuePair.Create(name, (JsonNode?)value))), group.Select(static item => item.Row).ToList()));
    }

    private static JsonObject Values(List<MetricsRow> rows, Metric metric, List<Aggregation> aggregations)
    {
        var measured = metric.Distinct is { } distinct ? rows.DistinctBy(distinct) : rows;
        var values = measured.Select(metric.Value).OfType<double>().Order().ToList();
        return new JsonObject(aggregations
            .Select(aggregation => KeyValuePair.Create(aggregation.Name, aggregation.Of(values)))
            .Where(static value => value.Value is not null)
            .Select(static value => KeyValuePair.Create(value.Key, (JsonNode?)value.Value!.Value)));
    }

    private static JsonObject? Point(string metric, JsonObject dimensions, JsonObject values)
    {
        if (values.Count == 0)
        {
            return null;
        }

        var point = new JsonObject { ["metric_name"] = metric };
        if (dimensions.Count > 0)
        {
            point["dimensions"] = dimensions;
        }

        point["values"] = values;
        return point;
    }

    private static void RequireKnown(IEnumerable<string> given, IEnumerable<string> known, string what, string plural)
    {
        var unknown = given.Except(known).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count > 0)
        {
            throw MlflowError.Invalid($"Found invalid {what}: {Quoted(unknown)}. Supported {plural}: {Quoted(known.Order(StringComparer.Ordinal))}");
        }
    }

    private static string Quoted(IEnumerable<string> words) => $"[{string.Join(", ", words.Select(static word => $"'{word}'"))}]";

    private sealed record Aggregation(string Type, double? Percentile)
    {
        /// <summary>Python writes a percentile with a decimal.</summary>
        public string Name => Type == "PERCENTILE" ? $"P{PythonJson.Spaced(Percentile)}" : Type;

        public static Aggregation Read(JsonObject given) => new(given["aggregation_type"]?.ToString() ?? "COUNT", given["percentile_value"]?.GetValue<double>());

        public double? Of(List<double> sorted) => Type switch
        {
            "COUNT" => sorted.Count,
            _ when sorted.Count == 0 => null,
            "SUM" => sorted.Sum(),
            "AVG" => sorted.Average(),
            "MIN" => sorted[0],
            "MAX" => sorted[^1],
            _ => Interpolated(sorted, (Percentile ?? 0) / 100 * (sorted.Count - 1)),
        };

        private static double Interpolated(List<double> sorted, double place)
        {
            var below = (int)place;
            return below + 1 < sorted.Count ? sorted[below] + ((sorted[below + 1] - sorted[below]) * (place - below)) : sorted[below];
        }
    }
}
