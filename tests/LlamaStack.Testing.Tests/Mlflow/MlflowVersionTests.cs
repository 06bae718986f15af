using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

/// <summary>The table of what differs between releases, row by row.</summary>
public sealed class MlflowVersionTests
{
    private static readonly (string, string) _protobuf = ("Content-Type", "application/x-protobuf");

    [Theory]
    [InlineData("3.7.0", 500)]
    [InlineData("3.8.1", 500)]
    [InlineData("3.10.1", 200)]
    [InlineData("3.18.0", 200)]
    public async Task StartTraceV3_that_lacks_a_stored_key(string version, int status)
    {
        await using var server = await StartAsync(version);
        var root = new SentSpan("root");
        await server.ExportAsync([root]);
        await server.SendAsync("PATCH", $"{MlflowCalls.Traces}/tr-{root.TraceId}/tags", Encoding.UTF8.GetBytes("""{"key":"k","value":"v"}"""), ("Content-Type", "application/json")).JsonAsync();

        using var lacking = await server.StartTraceAsync(root.TraceId);
        using var whole = await server.StartTraceAsync(root.TraceId, """{"tags":{"k":"v"}}""");

        Assert.Equal(status, (int)lacking.StatusCode);
        Assert.Equal(200, (int)whole.StatusCode);
    }

    [Theory]
    [InlineData("3.7.0", true)]
    [InlineData("3.10.1", true)]
    [InlineData("3.12.0", false)]
    [InlineData("3.18.0", false)]
    public async Task Spans_after_StartTraceV3_change_tokens_and_duration(string version, bool change)
    {
        await using var server = await StartAsync(version);
        var root = new SentSpan("root", ("gen_ai.usage.input_tokens", 10), ("gen_ai.usage.output_tokens", 5));
        await server.ExportAsync([root]);
        await server.StartTraceAsync(root.TraceId, """{"trace_metadata":{"mlflow.trace.tokenUsage":"{\"input_tokens\":10,\"output_tokens\":5,\"total_tokens\":15}"}}""").JsonAsync();

        await server.ExportAsync([root.Child("late", ("gen_ai.usage.input_tokens", 10), ("gen_ai.usage.output_tokens", 5)) with { End = root.Start + 9_000_000_000 }]);

        var trace = server.Trace(root.TraceId);
        Assert.Equal(change ? (30, 9) : (15, 1), (trace.TokenUsage["total_tokens"], (int)trace.Duration!.Value.TotalSeconds));
    }

    [Theory]
    [InlineData("3.7.0", 40)]
    [InlineData("3.12.0", 40)]
    [InlineData("3.14.0", 40)]
    [InlineData("3.15.2", 10)]
    [InlineData("3.18.0", 10)]
    public async Task Tokens_of_parent_and_child_and_of_a_resend(string version, long input)
    {
        await using var server = await StartAsync(version);
        var root = new SentSpan("root", ("gen_ai.usage.input_tokens", 10), ("gen_ai.usage.output_tokens", 5));
        SentSpan[] spans = [root, root.Child("child", ("gen_ai.usage.input_tokens", 10), ("gen_ai.usage.output_tokens", 5))];

        await server.ExportAsync(spans);
        await server.ExportAsync(spans);

        Assert.Equal(input, server.Trace(root.TraceId).TokenUsage["input_tokens"]);
    }

    [Theory]
    [InlineData("3.7.0", null, null, null)]
    [InlineData("3.8.1", "\"s\"", null, null)]
    [InlineData("3.10.1", "\"s\"", null, null)]
    [InlineData("3.12.0", "\"s\"", "\"u\"", null)]
    [InlineData("3.13.0", "\"s\"", "\"u\"", null)]
    [InlineData("3.14.0", "s", "u", "c")]
    [InlineData("3.18.0", "s", "u", "c")]
    public async Task Session_user_and_conversation(string version, string? session, string? user, string? conversation)
    {
        await using var server = await StartAsync(version);

        await server.ExportAsync([new SentSpan("a", ("session.id", "s"), ("user.id", "u")), new SentSpan("b", ("gen_ai.conversation.id", "c"))]);

        Assert.Equal((session, user), (server.Traces[0].SessionId, server.Traces[0].User));
        Assert.Equal(conversation, server.Traces[1].SessionId);
    }

    [Theory]
    [InlineData("3.7.0", null, null)]
    [InlineData("3.12.0", null, null)]
    [InlineData("3.13.0", "n", null)]
    [InlineData("3.14.0", "n", "svc")]
    [InlineData("3.18.0", "n", "svc")]
    public async Task Name_over_OTLP_and_resource_tags(string version, string? name, string? service)
    {
        await using var server = await StartAsync(version);

        await server.ExportAsync([new SentSpan("a", ("mlflow.traceTag.mlflow.traceName", "n"))], "0", ("service.name", "svc"));

        Assert.Equal((name, service), (server.Traces[0].Name, server.Traces[0].Tags.GetValueOrDefault("service.name")));
    }

    [Theory]
    [InlineData("3.12.0", false, false)]
    [InlineData("3.13.0", true, false)]
    [InlineData("3.17.2", true, false)]
    [InlineData("3.18.0", true, true)]
    public async Task Links_and_kind(string version, bool links, bool kind)
    {
        await using var server = await StartAsync(version);
        var body = Encoding.UTF8.GetBytes("""
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b173","name":"x","kind":3,
             "links":[{"traceId":"7c1f8e2a9b3d4c5e6f708192a3b4c5d6","spanId":"f0e1d2c3b4a59687"}]}]}]}]}
            """);
        await server.SendAsync("POST", "/v1/traces", body, ("Content-Type", "application/json"), ("x-mlflow-experiment-id", "0")).TextAsync();

        var span = (await server.GetAsync($"{MlflowCalls.Traces}/get?trace_id=tr-5b8efff798038103d269b633813fc60c").JsonAsync())["trace"]!["spans"]![0]!.AsObject();

        Assert.Equal((links, kind), (span.ContainsKey("links"), span.ContainsKey("kind")));
    }

    [Theory]
    [InlineData("3.7.0", 200)]
    [InlineData("3.10.1", 500)]
    [InlineData("3.12.0", 422)]
    [InlineData("3.18.0", 422)]
    public async Task A_bad_cost(string version, int status) => Assert.Equal(status, await ExportStatusAsync(version, new SentSpan("x", ("mlflow.llm.cost", "abc"))));

    [Theory]
    [InlineData("3.7.0", 422)]
    [InlineData("3.8.1", 422)]
    [InlineData("3.10.1", 200)]
    [InlineData("3.18.0", 200)]
    public async Task Text_in_usage(string version, int status) =>
        Assert.Equal(status, await ExportStatusAsync(version, new SentSpan("x", ("gen_ai.usage.input_tokens", "5"), ("gen_ai.usage.output_tokens", "5"))));

    [Theory]
    [InlineData("3.14.0", 200)]
    [InlineData("3.15.2", 422)]
    [InlineData("3.18.0", 422)]
    public async Task Text_in_token_usage(string version, int status) =>
        Assert.Equal(status, await ExportStatusAsync(version, new SentSpan("x", ("mlflow.chat.tokenUsage", """{"input_tokens":"5"}"""))));

    [Theory]
    [InlineData("3.7.0", 200)]
    [InlineData("3.15.2", 200)]
    [InlineData("3.17.2", 400)]
    [InlineData("3.18.0", 400)]
    public async Task A_session_of_251_characters(string version, int status) =>
        Assert.Equal(status, await ExportStatusAsync(version, new SentSpan("x", ("session.id", new string('s', 251)))));

    [Theory]
    [InlineData("3.7.0", 422, 422)]
    [InlineData("3.8.1", 422, 422)]
    [InlineData("3.10.1", 404, 400)]
    [InlineData("3.12.0", 404, 500)]
    [InlineData("3.13.0", 404, 200)]
    [InlineData("3.18.0", 404, 200)]
    public async Task An_unknown_and_an_empty_experiment(string version, int unknown, int empty)
    {
        Assert.Equal(unknown, await ExportStatusAsync(version, new SentSpan("x"), "99"));
        Assert.Equal(empty, await ExportStatusAsync(version, new SentSpan("x"), ""));
    }

    [Fact]
    public async Task An_old_server_stores_the_other_traces_of_a_request_with_a_bad_one()
    {
        await using var server = await StartAsync("3.7.0");

        using var response = await server.TryExportAsync([new SentSpan("bad", ("gen_ai.usage.input_tokens", "5")), new SentSpan("good")]);

        Assert.Equal(422, (int)response.StatusCode);
        Assert.StartsWith("""{"detail":"Failed to log OpenTelemetry spans: Trace tr-""", await response.Content.ReadAsStringAsync(Limit.Token), StringComparison.Ordinal);
        Assert.Equal("good", Assert.Single(server.Traces).Spans[0].Name);
    }

    [Theory]
    [InlineData("3.17.2", 200)]
    [InlineData("3.18.0", 400)]
    public async Task Spans_for_a_trace_of_another_experiment(string version, int status)
    {
        await using var server = await StartAsync(version);
        await server.PostAsync("/api/2.0/mlflow/experiments/create", new JsonObject { ["name"] = "other" }).JsonAsync();
        var root = new SentSpan("root");
        await server.ExportAsync([root]);

        using var response = await server.TryExportAsync([root.Child("child")], "1");

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("0", server.Traces[0].ExperimentId);
    }

    [Theory]
    [InlineData("3.12.0", "mine")]
    [InlineData("3.13.0", null)]
    public async Task A_request_id_that_the_client_sent_becomes_the_trace_s_id_on_old_servers(string version, string? id)
    {
        await using var server = await StartAsync(version);
        var root = new SentSpan("root", ("mlflow.traceRequestId", "mine"));

        await server.ExportAsync([root]);

        Assert.Equal(id ?? $"tr-{root.TraceId}", server.Traces[0].TraceId);
    }

    [Theory]
    [InlineData("3.7.0", "string")]
    [InlineData("3.10.1", "string")]
    [InlineData("3.12.0", "[number]")]
    public async Task A_JSON_array_as_text(string version, string shape)
    {
        await using var server = await StartAsync(version);

        await server.ExportAsync([new SentSpan("root", ("mlflow.spanInputs", "[1, 2]"))]);

        Assert.Equal(shape, JsonShape.Of(server.Traces[0].Spans[0].Attributes["mlflow.spanInputs"]));
    }

    [Theory]
    [InlineData("3.7.0", "application/json", 400, null)]
    [InlineData("3.10.1", "application/x-protobuf; charset=utf-8", 400, null)]
    [InlineData("3.12.0", "application/x-protobuf; charset=utf-8", 200, "application/x-protobuf")]
    [InlineData("3.12.0", "application/json", 200, "application/x-protobuf")]
    [InlineData("3.17.2", "application/json", 200, "application/x-protobuf")]
    [InlineData("3.18.0", "application/json; charset=utf-8", 200, "application/json")]
    public async Task A_JSON_body_and_parameters_of_the_content_type(string version, string contentType, int status, string? answer)
    {
        await using var server = await StartAsync(version);
        var body = contentType.StartsWith("application/json", StringComparison.Ordinal) ? Encoding.UTF8.GetBytes("""{"resourceSpans":[{}]}""") : [0x0a, 0x00];

        using var response = await server.SendAsync("POST", "/v1/traces", body, ("Content-Type", contentType), ("x-mlflow-experiment-id", "0"));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(answer ?? "application/json", response.Content.Headers.ContentType?.ToString());
    }

    [Theory]
    [InlineData("3.7.0", "/v1/traces", "/api/2.0/mlflow/experiments/get?experiment_id=0")]
    [InlineData("3.14.0", "/v1/traces", "/ml/api/2.0/mlflow/experiments/get?experiment_id=0")]
    [InlineData("3.15.2", "/v1/traces", "/ml/api/2.0/mlflow/experiments/get?experiment_id=0")]
    [InlineData("3.17.2", "/ml/v1/traces", "/ml/api/2.0/mlflow/experiments/get?experiment_id=0")]
    public async Task A_static_prefix_covers_other_routes_in_other_releases(string version, string otlp, string rest)
    {
        await using var server = await MlflowTestServer.StartAsync(new MlflowTestServerOptions { Version = version, StaticPrefix = "/ml" }, Limit.Token);

        Assert.EndsWith("/ml", server.Endpoint.ToString(), StringComparison.Ordinal);
        Assert.Equal(200, await StatusAsync(server.SendAsync("POST", otlp, [0x0a, 0x00], _protobuf, ("x-mlflow-experiment-id", "0"))));
        Assert.Equal(404, await StatusAsync(server.SendAsync("POST", otlp == "/v1/traces" ? "/ml/v1/traces" : "/v1/traces", [0x0a, 0x00], _protobuf, ("x-mlflow-experiment-id", "0"))));
        Assert.Equal(200, await StatusAsync(server.GetAsync(rest)));
        Assert.Equal(200, await StatusAsync(server.GetAsync("/ml/health")));
        Assert.Equal(404, await StatusAsync(server.GetAsync("/health")));
    }

    [Theory]
    [InlineData("3.7.0", 404, 405)]
    [InlineData("3.10.1", 200, 405)]
    [InlineData("3.12.0", 200, 200)]
    public async Task Server_info_and_batchGetInfos(string version, int info, int batch)
    {
        await using var server = await StartAsync(version);

        Assert.Equal(info, await StatusAsync(server.GetAsync("/api/3.0/mlflow/server-info")));
        Assert.Equal(batch, await StatusAsync(server.PostAsync($"{MlflowCalls.Traces}/batchGetInfos", new JsonObject { ["trace_ids"] = new JsonArray("x") })));
    }

    [Fact]
    public async Task A_version_that_is_none_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => StartAsync("newest"));

    private static Task<MlflowTestServer> StartAsync(string version) => MlflowTestServer.StartAsync(new MlflowTestServerOptions { Version = version }, Limit.Token);

    private static async Task<int> ExportStatusAsync(string version, SentSpan span, string experiment = "0")
    {
        await using var server = await StartAsync(version);
        return await StatusAsync(server.TryExportAsync([span], experiment));
    }

    private static async Task<int> StatusAsync(Task<HttpResponseMessage> sending)
    {
        using var response = await sending;
        return (int)response.StatusCode;
    }
}
