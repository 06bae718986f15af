using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary><c>/api/3.0/mlflow/traces</c>, and the two older calls that link a trace.</summary>
internal sealed class TraceRoutes(MlflowStore store, MlflowBehaviour behaviour)
{
    private const string Root = "3.0/mlflow/traces";
    private const int MostResults = 500;

    public void Map(MlflowRoutes routes)
    {
        routes.Map("POST", Root, Start);
        routes.Map("GET", Root + "/get", Get);
        routes.Map("GET", Root + "/batchGet", BatchGet);
        if (behaviour.BatchGetInfos)
        {
            routes.Map("POST", Root + "/batchGetInfos", BatchGetInfos);
        }

        routes.Map("POST", Root + "/search", Search);
        routes.Map("POST", Root + "/delete-traces", Delete);
        routes.Map("GET", Root + "/{}", call => Answer(Trace(TraceInfoJson.Of(store.GetTrace(call.Values[0])))));
        routes.Map("PATCH", Root + "/{}/tags", SetTag);
        routes.Map("DELETE", Root + "/{}/tags", DeleteTag);
        routes.Map("POST", "2.0/mlflow/traces/link-to-run", LinkToRun);
        routes.Map("POST", "2.0/mlflow/traces/link-prompts", LinkPrompts);
    }

    private MlflowAnswer Start(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.StartTrace, "trace");
        var info = request["trace"]?["trace_info"] as JsonObject ?? [];
        return Answer(Trace(TraceInfoJson.Of(new StartTrace(store, behaviour).Write(info))));
    }

    private MlflowAnswer Get(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.GetTrace, "trace_id");
        var id = request.Text("trace_id");
        var trace = store.FindTrace(id) ?? throw MlflowError.NotFound($"Trace with ID {id} is not found.");
        var partial = request["allow_partial"]?.GetValue<bool>() ?? false;
        if (!partial && IsIncomplete(trace))
        {
            throw MlflowError.NotFound($"Trace with ID {id} is not fully exported yet, please try again later.");
        }

        return Answer(new JsonObject { ["trace"] = WithSpans(trace) });
    }

    private MlflowAnswer BatchGet(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.TraceIds, "trace_ids");
        return AnswerList("traces", Found(request).Select(WithSpans));
    }

    private MlflowAnswer BatchGetInfos(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.TraceIds, "trace_ids");
        return AnswerList("trace_infos", Found(request).Select(TraceInfoJson.Of));
    }

    private IEnumerable<TraceRow> Found(MlflowRequest request) =>
        request.Texts("trace_ids").Select(store.FindTrace).OfType<TraceRow>();

    private MlflowAnswer Search(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.SearchTraces, "locations");
        request.RequireType("filter", JsonValueKind.String);
        request.RequireType("max_results", JsonValueKind.Number);
        var most = request.Integer("max_results") ?? 100;
        if (most > MostResults)
        {
            throw MlflowRequest.InvalidValue("max_results", most);
        }

        if (most < 1)
        {
            throw MlflowError.Invalid($"Invalid value {most} for parameter 'max_results' supplied. It must be a positive integer");
        }

        var experiments = request.Items("locations").Select(static location => $"{location["mlflow_experiment"]?["experiment_id"]}").ToHashSet();
        if (experiments.FirstOrDefault(static id => !long.TryParse(id, out _)) is { } invalid)
        {
            throw MlflowError.Internal($"invalid literal for int() with base 10: '{invalid}'");
        }

        var found = TraceSearch.Filter(store.Traces.Values.Where(trace => experiments.Contains($"{trace.ExperimentId}")), request.Text("filter"));
        var page = Page.Cut(TraceSearch.Order(found, request.Texts("order_by")), (int)most, request.Text("page_token"));
        var body = new JsonObject();
        if (page.Items.Count > 0)
        {
            body["traces"] = new JsonArray([.. page.Items.Select(TraceInfoJson.Of)]);
        }

        return Answer(page.AddToken(body));
    }

    private MlflowAnswer Delete(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.DeleteTraces, "experiment_id");
        var ids = request.Texts("request_ids").ToHashSet();
        var latest = request.Integer("max_timestamp_millis");
        if (latest is null == (ids.Count == 0))
        {
            throw MlflowError.Invalid(latest is null
                ? "Either `max_timestamp_millis` or `trace_ids` must be specified."
                : "Only one of `max_timestamp_millis` and `trace_ids` can be specified.");
        }

        var most = request.Integer("max_traces");
        if (most < 1)
        {
            throw MlflowError.Invalid($"`max_traces` must be a positive integer, received {most}.");
        }

        var deleted = store.Traces.Values
            .Where(trace => $"{trace.ExperimentId}" == request.Text("experiment_id") && (latest is null ? ids.Contains(trace.TraceId) : trace.RequestTime <= latest))
            .OrderBy(static trace => trace.RequestTime)
            .Take((int)(most ?? int.MaxValue))
            .ToList();
        deleted.ForEach(trace => store.Traces.Remove(trace.TraceId));
        return MlflowAnswer.Json(new JsonObject { ["traces_deleted"] = deleted.Count }, indented: true);
    }

    private MlflowAnswer SetTag(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.Tag, "key");
        var (key, value) = (request.Text("key"), request.Text("value"));
        CheckMutable(key, "set");
        if (key.Length > MlflowKeys.TagKeyLimit)
        {
            throw MlflowError.Invalid($"'key' exceeds the maximum length of {MlflowKeys.TagKeyLimit} characters");
        }

        var id = call.Values[0];
        var trace = store.FindTrace(id) ?? throw MlflowError.BadRequest(
            "(sqlite3.IntegrityError) FOREIGN KEY constraint failed\n[SQL: INSERT INTO trace_tags (\"key\", value, request_id) VALUES (?, ?, ?)]\n"
            + $"[parameters: ('{key}', '{value}', '{id}')]\n(Background on this error at: https://sqlalche.me/e/21/gkpj)");
        if (key == MlflowKeys.TraceName)
        {
            trace.Name = value;
        }
        else
        {
            trace.Tags[key] = value;
        }

        return MlflowAnswer.Empty;
    }

    private MlflowAnswer DeleteTag(Call call)
    {
        var key = MlflowRequest.Read(call, MlflowMessages.Tag, "key").Text("key");
        CheckMutable(key, "deleted");
        var trace = store.FindTrace(call.Values[0]);
        if (trace is not null && key == MlflowKeys.TraceName && trace.Name is not null)
        {
            trace.Name = null;
        }
        else if (trace?.Tags.Remove(key) != true)
        {
            throw MlflowError.NotFound($"No trace tag with key '{key}' for trace with ID '{call.Values[0]}'");
        }

        return MlflowAnswer.Empty;
    }

    private MlflowAnswer LinkToRun(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.LinkToRun, "trace_ids", "run_id");
        foreach (var trace in Found(request))
        {
            trace.Runs.Add(request.Text("run_id"));
        }

        return MlflowAnswer.Empty;
    }

    private MlflowAnswer LinkPrompts(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.LinkPrompts, "trace_id");
        var trace = store.GetTrace(request.Text("trace_id"));
        foreach (var prompt in request.Items("prompt_versions"))
        {
            trace.Prompts.Add($"{prompt["name"]}/{prompt["version"]}");
        }

        return MlflowAnswer.Empty;
    }

    private static void CheckMutable(string key, string operation)
    {
        if (MlflowKeys.IsServerOwned(key))
        {
            throw MlflowError.Invalid($"Tag '{key}' is immutable and cannot be {operation} on a trace.");
        }
    }

    /// <summary>The client has said how many spans there are. The real server waits three seconds for them.</summary>
    private static bool IsIncomplete(TraceRow trace) =>
        trace.Metadata.TryGetValue(MlflowKeys.SizeStats, out var stats) && MlflowJson.ToInteger(MlflowJson.Parse(stats)?["num_spans"]) > trace.Spans.Count;

    private JsonObject WithSpans(TraceRow trace)
    {
        if (trace.Tags.GetValueOrDefault(MlflowKeys.SpansLocation) != MlflowKeys.TrackingStore)
        {
            throw MlflowError.Internal("Trace data not stored in tracking store");
        }

        var spans = trace.Spans.OrderBy(static span => span.ParentSpanId is not null).ThenBy(static span => span.Sent.StartUnixNano);
        return new JsonObject
        {
            ["trace_info"] = TraceInfoJson.Of(trace),
            ["spans"] = new JsonArray([.. spans.Select(span => SpanJson.Of(span, behaviour))]),
        };
    }

    private static JsonObject Trace(JsonObject info) => new() { ["trace"] = new JsonObject { ["trace_info"] = info } };

    private MlflowAnswer AnswerList(string name, IEnumerable<JsonObject> items)
    {
        var list = new JsonArray([.. items]);
        return Answer(list.Count == 0 ? [] : new JsonObject { [name] = list });
    }

    private MlflowAnswer Answer(JsonObject body) => MlflowAnswer.Json(body, indented: behaviour.IndentsTraces);
}
