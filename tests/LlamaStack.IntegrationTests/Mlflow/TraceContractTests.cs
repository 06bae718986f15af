using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using LlamaStack.Mlflow;

namespace LlamaStack.IntegrationTests;

/// <summary>Traces, their spans, tags and sessions, on a real MLflow and on the stand-in.</summary>
public sealed class TraceContractTests(PeersFixture peers)
{
    public static TheoryData<string> Servers => ServerUnderTest.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_trace_comes_with_its_spans(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var id = Guid.NewGuid().ToString("N");
        await server.SendAsync(
            $$"""
            {"traceId":"{{id}}","spanId":"{{id[..16]}}","name":"ask","kind":1,"startTimeUnixNano":"1767225600123456700","endTimeUnixNano":"1767225601357000000",
             "status":{"code":2,"message":"no luck"},
             "events":[{"name":"exception","timeUnixNano":"1767225601000000000","attributes":[{"key":"exception.message","value":{"stringValue":"no luck"} }]}],
             "links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","attributes":[{"key":"why","value":{"stringValue":"retry"} }]}],
             "attributes":[{"key":"mlflow.spanType","value":{"stringValue":"AGENT"} },{"key":"mlflow.spanInputs","value":{"stringValue":"{\"q\":[1,2.5,null,true]}"} },
              {"key":"n","value":{"intValue":"9007199254740993"} },{"key":"d","value":{"doubleValue":0.5} },{"key":"nan","value":{"doubleValue":"NaN"} },
              {"key":"b","value":{"boolValue":false} },{"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a"},{"intValue":"1"}]} } },{"key":"nothing","value":{} }]}
            """,
            $$"""
            {"traceId":"{{id}}","spanId":"00000000000000aa","parentSpanId":"{{id[..16]}}","name":"chat","kind":3,"startTimeUnixNano":"1767225600223000000","endTimeUnixNano":"1767225600323000000","status":{"code":1},
             "attributes":[{"key":"mlflow.llm.model","value":{"stringValue":"m"} },{"key":"mlflow.spanOutputs","value":{"stringValue":"Plain words"} }]}
            """);

        var trace = (await server.Client.GetTraceWithSpansAsync($"tr-{id}", Token))!;

        Assert.Equal(("ERROR", 2), (trace.State, trace.Spans!.Count));
        var root = trace.Spans.Single(span => span.ParentSpanId is null);
        var child = trace.Spans.Single(span => span.ParentSpanId is not null);
        Assert.Equal((id, id[..16], "ask", "AGENT", ActivityKind.Internal, ActivityStatusCode.Error, "no luck"), (root.TraceId, root.SpanId, root.Name, root.Type, root.Kind, root.Status, root.StatusMessage));
        Assert.Equal((id[..16], "00000000000000aa", "m", ActivityKind.Client, ActivityStatusCode.Ok, "Plain words"), (child.ParentSpanId, child.SpanId, child.Model, child.Kind, child.Status, (string?)child.Outputs));
        Assert.Equal(DateTimeOffset.UnixEpoch.AddTicks(17672256001234567), root.StartTime);
        Assert.Equal(TimeSpan.FromMilliseconds(100), child.EndTime - child.StartTime);
        Assert.Equal("""{"q":[1,2.5,null,true]}""", root.Inputs!.ToJsonString());
        Assert.Equal(9007199254740993, (long)root.Attributes["n"]!);
        Assert.Equal((0.5, false, "NaN"), ((double)root.Attributes["d"]!, (bool)root.Attributes["b"]!, (string?)root.Attributes["nan"]));
        Assert.Equal("""["a",1]""", root.Attributes["list"]!.ToJsonString());
        Assert.Null(root.Attributes["nothing"]);
        Assert.Equal(("exception", "no luck"), (root.Events[0].Name, (string?)root.Events[0].Attributes["exception.message"]));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1767225601), root.Events[0].Time);
        Assert.Equal(("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "retry"), (root.Links[0].TraceId, root.Links[0].SpanId, (string?)root.Links[0].Attributes["why"]));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Many_traces_come_at_once_and_missing_ones_do_not(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        List<string> ids = [];
        for (var number = 0; number < 3; number++)
        {
            ids.Add(await server.SendTraceAsync($"work {number}"));
        }

        // Two calls, and most of the ids nobody knows.
        var asked = ids.Take(2).Concat(Enumerable.Range(0, 60).Select(number => $"tr-{number:x32}")).Append(ids[2]);
        var traces = await server.Client.GetTracesWithSpansAsync(asked, Token);

        Assert.Equal(ids.Order(), traces.Select(trace => trace.TraceId).Order());
        Assert.All(traces, trace => Assert.Equal(trace.Name, Assert.Single(trace.Spans!).Name));
        Assert.Empty(await server.Client.GetTracesWithSpansAsync([], Token));
        Assert.Null(await server.Client.GetTraceWithSpansAsync("tr-00000000000000000000000000000000", Token));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Tags_are_set_changed_and_deleted(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var trace = await server.SendTraceAsync();

        await server.Client.SetTraceTagAsync(trace, "a b/ü", "one", Token);
        await server.Client.SetTraceTagAsync(trace, "a b/ü", "", Token);
        await server.Client.SetTraceTagAsync(trace, "long", new string('x', 5000), Token);
        await server.Client.SetTraceTagAsync(trace, "mlflow.traceName", "renamed", Token);
        var tagged = (await server.Client.GetTraceAsync(trace, Token))!;
        await server.Client.DeleteTraceTagAsync(trace, "a b/ü", Token);

        Assert.Equal(("", 4096, "renamed"), (tagged.Tags["a b/ü"], tagged.Tags["long"].Length, tagged.Name));
        Assert.DoesNotContain("a b/ü", (await server.Client.GetTraceAsync(trace, Token))!.Tags.Keys);
        await RefusedAsync(HttpStatusCode.NotFound, () => server.Client.DeleteTraceTagAsync(trace, "a b/ü", Token));
        var missing = await RefusedAsync(HttpStatusCode.NotFound, () => server.Client.SetTraceTagAsync("tr-0", "k", "v", Token));
        Assert.Contains("tr-0", missing.Message, StringComparison.Ordinal);
        await RefusedAsync(HttpStatusCode.BadRequest, () => server.Client.SetTraceTagAsync(trace, "mlflow.artifactLocation", "x", Token));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Traces_are_deleted_by_id_and_by_time(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        List<string> ids = [];
        for (var number = 0; number < 5; number++)
        {
            ids.Add(await server.SendTraceAsync());
        }

        var began = DateTimeOffset.FromUnixTimeMilliseconds(1767225600123);

        Assert.Equal(2, await server.Client.DeleteTracesAsync(server.Experiment.Id, [ids[0], ids[1], "tr-0"], Token));
        Assert.Equal(0, await server.Client.DeleteTracesAsync(server.Experiment.Id, [ids[0]], Token));
        Assert.Equal(0, await server.Client.DeleteTracesUntilAsync(server.Experiment.Id, began.AddMilliseconds(-1), cancellationToken: Token));
        Assert.Equal(1, await server.Client.DeleteTracesUntilAsync(server.Experiment.Id, began, maxTraces: 1, Token));
        Assert.Equal(2, await server.Client.DeleteTracesUntilAsync(server.Experiment.Id, began, cancellationToken: Token));
        Assert.Empty(await server.Client.SearchTracesAsync(server.Experiment.Id, cancellationToken: Token).ToListAsync(Token));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_search_goes_in_the_order_asked_for(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        foreach (var name in new[] { "b", "c", "a" })
        {
            await server.SendTraceAsync(name);
        }

        var up = await server.Client.SearchTracesAsync(server.Experiment.Id, pageSize: 2, orderBy: "name ASC", cancellationToken: Token).ToListAsync(Token);
        var down = await server.Client.SearchTracesAsync(server.Experiment.Id, "name != 'b'", orderBy: "name DESC", cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(["a", "b", "c"], up.Select(trace => trace.Name));
        Assert.Equal(["c", "a"], down.Select(trace => trace.Name));
        var refusal = await RefusedAsync(HttpStatusCode.BadRequest, async () => await server.Client.SearchTracesAsync(server.Experiment.Id, orderBy: "nonsense DESC", cancellationToken: Token).ToListAsync(Token));
        Assert.Contains("nonsense", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_session_is_the_traces_that_name_it_whatever_its_name(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        string[] sessions = ["plain", "it's", "say \"x\"", "both ' and \"", "both _ and \"", "100%", "ü/\\`"];
        await server.SendTraceAsync("of none");
        foreach (var session in sessions)
        {
            for (var number = 0; number < 2; number++)
            {
                await server.SendTraceAsync($"{session} {number}".Replace("\\", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal), $$"""{"key":"session.id","value":{"stringValue":{{new JsonArray(session).ToJsonString()[1..^1]}} } }""");
            }
        }

        var found = await server.Client.SearchSessionsAsync(server.Experiment.Id, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(sessions.Order(StringComparer.Ordinal), found.Select(session => session.Id).Order(StringComparer.Ordinal));
        Assert.All(found, session => Assert.Equal((2, true), (session.Traces.Count, session.Traces.All(trace => trace.Session == session.Id))));
        Assert.Null(await server.Client.GetSessionAsync(server.Experiment.Id, "nobody's", Token));
        Assert.Equal("plain", Assert.Single(await server.Client.SearchSessionsAsync(server.Experiment.Id, "name = 'plain 0'", Token).ToListAsync(Token)).Id);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_trace_that_is_linked_to_a_run_and_a_prompt_is_found_by_them(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var (linked, other) = (await server.SendTraceAsync(), await server.SendTraceAsync());
        var run = Guid.NewGuid().ToString("N");

        await server.Client.LinkTracesToRunAsync(run, [linked], Token);
        await server.Client.LinkPromptToTraceAsync(linked, "greeting", 3, Token);

        Assert.Equal(linked, Assert.Single(await server.Client.SearchTracesAsync(server.Experiment.Id, $"run_id = '{run}'", cancellationToken: Token).ToListAsync(Token)).TraceId);
        Assert.Equal(linked, Assert.Single(await server.Client.SearchTracesAsync(server.Experiment.Id, "prompt = 'greeting/3'", cancellationToken: Token).ToListAsync(Token)).TraceId);
        Assert.NotEqual(linked, other);
        await RefusedAsync(HttpStatusCode.NotFound, () => server.Client.LinkPromptToTraceAsync("tr-00000000000000000000000000000000", "greeting", 3, Token));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_server_says_what_it_is(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);

        var info = await server.Client.GetServerInfoAsync(Token);

        Assert.Equal(("SqlStore", false), (info!.StoreType, info.WorkspacesEnabled));
        Assert.True(await server.Client.GetVersionAsync(Token) >= new Version(3, 18));
    }

    private static async Task<MlflowException> RefusedAsync(HttpStatusCode status, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<MlflowException>(call);
        Assert.Equal(status, refusal.StatusCode);
        return refusal;
    }
}
