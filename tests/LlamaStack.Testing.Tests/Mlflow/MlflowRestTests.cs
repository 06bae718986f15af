using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class MlflowRestTests
{
    [Fact]
    public async Task Every_API_path_has_a_twin_for_the_pages()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        Assert.Equal(
            await server.GetAsync("/api/2.0/mlflow/experiments/get?experiment_id=0").TextAsync(),
            await server.GetAsync("/ajax-api/2.0/mlflow/experiments/get?experiment_id=0").TextAsync());
    }

    [Theory]
    [InlineData("GET", "/v1/traces", 404)]
    [InlineData("OPTIONS", "/v1/traces", 404)]
    [InlineData("GET", "/api/3.0/mlflow/nope", 404)]
    [InlineData("PUT", "/api/3.0/mlflow/traces", 405)]
    [InlineData("POST", "/health", 405)]
    public async Task Unknown_paths_and_methods_are_answered_with_a_page(string method, string path, int status)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        using var response = await server.SendAsync(method, path, null);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType?.ToString());
    }

    [Theory]
    [InlineData("status = 'OK'", "a,b")]
    [InlineData("trace.status = 'ERROR'", "c")]
    [InlineData("name = 'a'", "a")]
    [InlineData("name != 'a'", "b,c")]
    [InlineData("name LIKE '%' AND status IN ('ERROR', 'IN_PROGRESS')", "c")]
    [InlineData("name NOT IN ('a','b')", "c")]
    [InlineData("tag.team = 'blue'", "a,c")]
    [InlineData("tags.`team` LIKE 'g%'", "b")]
    [InlineData("tag.team IS NULL", "")]
    [InlineData("tag.team ILIKE 'BL_E' AND name = 'c'", "c")]
    [InlineData("metadata.`mlflow.trace.session` = 'session 1'", "a,b")]
    [InlineData("metadata.`mlflow.trace.user` IS NOT NULL", "c")]
    [InlineData("request_id = 'tr-00000000000000000000000000000002'", "b")]
    [InlineData("timestamp_ms > 1767225600123", "b,c")]
    [InlineData("execution_time_ms = 50", "a,b,c")]
    [InlineData("span.name = 'b'", "b")]
    [InlineData("span.type = 'AGENT'", "a")]
    [InlineData("", "a,b,c")]
    public async Task A_filter_finds_traces(string filter, string names)
    {
        await using var server = await StartWithTracesAsync();

        var answer = await SearchAsync(server, filter, "timestamp_ms ASC");

        Assert.Equal(names, string.Join(',', (answer["traces"]?.AsArray() ?? []).Select(static trace => trace!["tags"]!["mlflow.traceName"]!.ToString())));
        Assert.Equal(names.Length == 0, answer["traces"] is null);
    }

    [Theory]
    [InlineData("name = 'a' OR name = 'b'", "Invalid clause(s) in filter string: 'OR'")]
    [InlineData("name", "Invalid clause(s) in filter string: 'name'")]
    [InlineData("state = 'OK'", "Invalid attribute key 'state' specified.")]
    [InlineData("bad.key = 'x'", "Invalid entity type 'bad'.")]
    [InlineData("name = x", "Parameter value is either not quoted")]
    [InlineData("name LIKE 5", "attributes support comparison with numeric values.")]
    [InlineData("name > 'x'", "Invalid comparator '>'")]
    [InlineData("tag.x IN ('a')", "Invalid comparator 'IN'")]
    [InlineData("span.foo = 'a'", "Invalid span attribute 'foo'.")]
    public async Task A_filter_that_is_none_is_refused(string filter, string message)
    {
        await using var server = await StartWithTracesAsync();

        var answer = await SearchAsync(server, filter);

        Assert.Equal("INVALID_PARAMETER_VALUE", answer["error_code"]!.ToString());
        Assert.Contains(message, answer["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("timestamp_ms DESC", "c,b,a")]
    [InlineData("name", "a,b,c")]
    [InlineData("name DESC", "c,b,a")]
    public async Task Pages_give_each_trace_once_and_in_order(string orderBy, string names)
    {
        await using var server = await StartWithTracesAsync();
        var found = new List<string>();
        var token = "";
        do
        {
            var page = await SearchAsync(server, "", orderBy, most: 2, token);
            found.AddRange(page["traces"]!.AsArray().Select(static trace => trace!["tags"]!["mlflow.traceName"]!.ToString()));
            token = page["next_page_token"]?.ToString();
        }
        while (token is not null);

        Assert.Equal(names, string.Join(',', found));
    }

    [Fact]
    public async Task Traces_are_deleted_with_their_spans()
    {
        await using var server = await StartWithTracesAsync();

        var deleted = await server.PostAsync($"{MlflowCalls.Traces}/delete-traces", new JsonObject { ["experiment_id"] = "0", ["max_timestamp_millis"] = 1767225600999, ["max_traces"] = 1 }).JsonAsync();

        Assert.Equal("""{"traces_deleted":1}""", deleted.ToJsonString());
        Assert.Equal(["b", "c"], server.Traces.Select(static trace => trace.Name));
    }

    [Fact]
    public async Task An_assessment_that_overrides_another_makes_it_invalid_until_it_is_deleted()
    {
        await using var server = await StartWithTracesAsync();
        var path = $"{MlflowCalls.Traces}/{server.Traces[0].TraceId}/assessments";
        var first = await CreateAsync("""{"assessment":{"assessment_name":"ok","feedback":{"value":true}}}""");

        var second = await CreateAsync($$$"""{"assessment":{"assessment_name":"ok","feedback":{"value":false},"overrides":"{{{first}}}"}}""");
        Assert.Equal([false, true], server.Traces[0].Assessments.Select(static assessment => assessment.Valid));
        await server.SendAsync("DELETE", $"{path}/{second}", null).JsonAsync();

        Assert.True(Assert.Single(server.Traces[0].Assessments).Valid);

        async Task<string> CreateAsync(string body) => (await server.PostAsync(path, JsonNode.Parse(body)!).JsonAsync())["assessment"]!["assessment_id"]!.ToString();
    }

    [Theory]
    [InlineData("assessmentName,rationale,metadata", "n2", "r2", "a,b")]
    [InlineData("assessment_name,rationale", "n1", "r1", "a")]
    [InlineData("rationale,assessment_name,metadata", "n1", "r2", "a")]
    public async Task An_update_mask_is_camel_case_or_ends_there(string mask, string name, string rationale, string metadata)
    {
        await using var server = await StartWithTracesAsync();
        var path = $"{MlflowCalls.Traces}/{server.Traces[0].TraceId}/assessments";
        var id = (await server.PostAsync(path, JsonNode.Parse("""{"assessment":{"assessment_name":"n1","rationale":"r1","metadata":{"a":"1"},"feedback":{"value":1}}}""")!).JsonAsync())["assessment"]!["assessment_id"];

        using var response = await server.SendAsync(
            "PATCH",
            $"{path}/{id}",
            Encoding.UTF8.GetBytes($$$"""{"assessment":{"assessment_name":"n2","rationale":"r2","metadata":{"b":"2"}},"update_mask":"{{{mask}}}"}"""),
            ("Content-Type", "application/json"));

        Assert.Equal(200, (int)response.StatusCode);
        var assessment = Assert.Single(server.Traces[0].Assessments);
        Assert.Equal((name, rationale, metadata), (assessment.Name, assessment.Rationale, string.Join(',', assessment.Metadata.Keys.Order(StringComparer.Ordinal))));
    }

    [Fact]
    public async Task Links_to_runs_and_prompts_are_kept()
    {
        await using var server = await StartWithTracesAsync();
        var id = server.Traces[0].TraceId;

        await server.PostAsync("/api/2.0/mlflow/traces/link-to-run", new JsonObject { ["trace_ids"] = new JsonArray(id), ["run_id"] = "r1" }).JsonAsync();
        await server.PostAsync("/api/2.0/mlflow/traces/link-prompts", JsonNode.Parse($$$"""{"trace_id":"{{{id}}}","prompt_versions":[{"name":"greeting","version":"3"}]}""")!).JsonAsync();

        Assert.Equal(["r1"], server.Traces[0].LinkedRuns);
        Assert.Equal(["greeting/3"], server.Traces[0].LinkedPrompts);
        Assert.Single((await SearchAsync(server, "run_id = 'r1'"))["traces"]!.AsArray());
        Assert.Single((await SearchAsync(server, "prompt = 'greeting/3'"))["traces"]!.AsArray());
    }

    [Fact]
    public async Task The_run_header_links_the_traces_of_a_request()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        await server.SendAsync("POST", "/v1/traces", OtlpWriter.Export([new SentSpan("x")]), ("Content-Type", "application/x-protobuf"), ("x-mlflow-experiment-id", "0"), ("x-mlflow-run-id", "r1")).TextAsync();

        Assert.Equal(["r1"], server.Traces[0].LinkedRuns);
    }

    [Fact]
    public async Task Eight_creates_at_once_make_one_experiment()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => server.PostAsync("/api/2.0/mlflow/experiments/create", new JsonObject { ["name"] = "race" }).JsonAsync()));

        Assert.Single(answers, static answer => answer["experiment_id"] is not null);
        Assert.Equal(7, answers.Count(static answer => answer["error_code"]?.ToString() == "RESOURCE_ALREADY_EXISTS"));
    }

    [Fact]
    public async Task The_next_requests_fail_as_told()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        server.FailNext(503, "busy", count: 2, path: "/v1/traces");
        server.FailNext(500, """{"error_code":"INTERNAL_ERROR"}""", path: "/version");

        using var first = await server.TryExportAsync([new SentSpan("x")]);
        using var second = await server.TryExportAsync([new SentSpan("x")]);
        await server.ExportAsync([new SentSpan("x")]);

        Assert.Equal(("busy", 503), (await first.Content.ReadAsStringAsync(Limit.Token), (int)second.StatusCode));
        Assert.Equal("INTERNAL_ERROR", (await server.GetAsync("/version").JsonAsync())["error_code"]!.ToString());
        Assert.Single(server.Traces);
        Assert.Equal(3, server.Requests.Count(static request => request.Path == "/v1/traces"));
    }

    private static async Task<MlflowTestServer> StartWithTracesAsync()
    {
        var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        SentSpan[] spans =
        [
            Root("a", 1, ("mlflow.traceTag.team", "blue"), ("session.id", "session 1"), ("mlflow.spanType", "AGENT")),
            Root("b", 2, ("mlflow.traceTag.team", "green"), ("session.id", "session 1")),
            Root("c", 3, ("mlflow.traceTag.team", "blue"), ("user.id", "u")) with { Status = System.Diagnostics.ActivityStatusCode.Error },
        ];
        await server.ExportAsync(spans);
        return server;

        static SentSpan Root(string name, int number, params (string, object?)[] attributes) => new(name, [.. attributes, ("mlflow.traceTag.mlflow.traceName", name)])
        {
            TraceId = $"{number:d32}",
            Start = SentSpan.DefaultStart + ((ulong)(number - 1) * 1_000_000),
            End = SentSpan.DefaultStart + ((ulong)(number + 49) * 1_000_000),
        };
    }

    private static Task<JsonNode> SearchAsync(MlflowTestServer server, string filter, string orderBy = "timestamp_ms DESC", int most = 100, string token = "") =>
        server.PostAsync($"{MlflowCalls.Traces}/search", new JsonObject
        {
            ["locations"] = JsonNode.Parse("""[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"0"}}]"""),
            ["filter"] = filter,
            ["order_by"] = new JsonArray(orderBy),
            ["max_results"] = most,
            ["page_token"] = token,
        }).JsonAsync();
}
