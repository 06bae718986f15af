using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class MlflowIngestionTests
{
    private const string Usage10 = """{"input_tokens":10,"output_tokens":5,"total_tokens":15}""";

    [Fact]
    public async Task A_trace_without_a_root_is_in_progress_until_the_root_comes()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var root = new SentSpan("root", ("mlflow.spanInputs", "in"), ("mlflow.spanOutputs", "out"));
        var waiting = server.WaitForTraceAsync(root.TraceId, Limit.Token);

        await server.ExportAsync([root.Child("child") with { End = root.End + 1_000_000_000 }]);
        Assert.Equal("IN_PROGRESS", server.Trace(root.TraceId).State);
        Assert.False(waiting.IsCompleted);
        await server.ExportAsync([root with { Start = root.Start - 23_000_000 }]);

        var trace = await waiting;
        Assert.Equal(("OK", "\"in\"", "\"out\""), (trace.State, trace.RequestPreview, trace.ResponsePreview));
        Assert.Equal(TimeSpan.FromMilliseconds(1073), trace.Duration);
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, 100, TimeSpan.Zero), trace.RequestTime);
        Assert.Equal(["root", "child"], trace.Spans.Select(static span => span.Name));
    }

    [Theory]
    [InlineData(ActivityStatusCode.Unset, "OK")]
    [InlineData(ActivityStatusCode.Ok, "OK")]
    [InlineData(ActivityStatusCode.Error, "ERROR")]
    public async Task The_root_s_status_is_the_state_whatever_its_children_say(ActivityStatusCode status, string state)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var root = new SentSpan("root") with { Status = status };

        await server.ExportAsync([root.Child("child") with { Status = ActivityStatusCode.Error }, root]);

        Assert.Equal(state, server.Trace(root.TraceId).State);
    }

    [Fact]
    public async Task A_resent_root_replaces_its_span_and_not_the_state_or_the_preview()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var root = new SentSpan("root", ("mlflow.spanInputs", "first"));
        await server.ExportAsync([root]);

        await server.ExportAsync([root with { Name = "again", Attributes = [("mlflow.spanInputs", "second")], Status = ActivityStatusCode.Error, End = root.End + 950_000_000 }]);

        var trace = server.Trace(root.TraceId);
        Assert.Equal(("OK", "\"first\"", TimeSpan.FromSeconds(1)), (trace.State, trace.RequestPreview, trace.Duration));
        Assert.Equal("again", Assert.Single(trace.Spans).Name);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"system","content":"s"},{"role":"user","content":"one"},{"role":"user","content":"two"},{"role":"assistant","content":"a"}]}""", "two")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url"},{"type":"text","text":"part"}]}]}""", "part")]
    [InlineData("""{"messages":[{"role":"system","content":"only"}]}""", "only")]
    [InlineData("""{"request":{"input":[{"role":"user","content":"inner"}]}}""", "inner")]
    [InlineData("""{"input":[{"role":"user","content":[{"type":"input_text","text":"x"}]}]}""", null)]
    [InlineData("""{"model":"m","input":"a string"}""", null)]
    [InlineData("""[{"role":"user","content":"listed"}]""", null)]
    [InlineData("""{"a":  1}""", null)]
    [InlineData("Hello?", "\"Hello?\"")]
    [InlineData("42", "\"42\"")]
    public async Task The_request_preview_is_the_last_user_message_or_else_the_whole_text(string inputs, string? preview)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var root = new SentSpan("root", ("mlflow.spanInputs", inputs));

        await server.ExportAsync([root]);

        Assert.Equal(preview ?? inputs, server.Trace(root.TraceId).RequestPreview);
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"said"}}]}""", "said")]
    [InlineData("""{"output":[{"type":"reasoning"},{"role":"assistant","content":[{"type":"output_text","text":"said"}]}]}""", "said")]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[]}}]}""", null)]
    public async Task The_response_preview_is_the_assistant_s_text_or_else_the_whole_text(string outputs, string? preview)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var root = new SentSpan("root", ("mlflow.spanOutputs", outputs));

        await server.ExportAsync([root]);

        Assert.Equal(preview ?? outputs, server.Trace(root.TraceId).ResponsePreview);
    }

    [Fact]
    public async Task A_long_preview_is_cut_to_a_thousand_characters()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var root = new SentSpan("root", ("mlflow.spanInputs", new (string, object?)[] { ("messages", new object?[] { new (string, object?)[] { ("role", "user"), ("content", new string('x', 2000)) } }) }));

        await server.ExportAsync([root]);

        Assert.Equal(new string('x', 997) + "...", server.Trace(root.TraceId).RequestPreview);
    }

    [Fact]
    public async Task Usage_of_a_span_hides_that_of_its_descendants_and_a_resend_counts_once()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var root = new SentSpan("root");
        var agent = root.Child("agent", ("mlflow.chat.tokenUsage", """{"input_tokens":100,"output_tokens":50,"total_tokens":150,"cache_read_input_tokens":7}"""));
        var sibling = root.Child("sibling", ("mlflow.chat.tokenUsage", Usage10));
        var step = agent.Child("step");

        await server.ExportAsync([step.Child("model", ("mlflow.chat.tokenUsage", Usage10))]);
        Assert.Equal(15, server.Trace(root.TraceId).TokenUsage["total_tokens"]);
        await server.ExportAsync([step, agent, root, sibling]);
        await server.ExportAsync([sibling, agent]);

        var usage = server.Trace(root.TraceId).TokenUsage;
        Assert.Equal((110, 55, 165, 7), (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"], usage["cache_read_input_tokens"]));
    }

    [Fact]
    public async Task Costs_are_summed_like_tokens_and_missing_members_are_zero()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var root = new SentSpan("root");

        await server.ExportAsync([root, root.Child("a", ("mlflow.llm.cost", """{"total_cost":0.25}""")), root.Child("b", ("mlflow.llm.cost", """{"input_cost":0.5,"output_cost":0.5,"total_cost":1}"""))]);

        Assert.Equal((0.5, 0.5, 1.25), (server.Trace(root.TraceId).Cost["input_cost"], server.Trace(root.TraceId).Cost["output_cost"], server.Trace(root.TraceId).Cost["total_cost"]));
        Assert.Equal("""{"input_cost": 0.5, "output_cost": 0.5, "total_cost": 1.25}""", server.Trace(root.TraceId).Metadata["mlflow.trace.cost"]);
    }

    [Theory]
    [InlineData("mlflow.llm.cost", "abc")]
    [InlineData("mlflow.llm.cost", "[1]")]
    [InlineData("mlflow.llm.cost", "")]
    [InlineData("mlflow.llm.cost", """{"input_cost":"1"}""")]
    [InlineData("mlflow.llm.cost", """{"input_cost":null}""")]
    [InlineData("mlflow.chat.tokenUsage", """{"input_tokens":"5"}""")]
    public async Task One_bad_span_costs_the_whole_request(string key, string value)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        using var response = await server.TryExportAsync([new SentSpan("good"), new SentSpan("bad", (key, value))]);

        Assert.Equal(422, (int)response.StatusCode);
        Assert.Equal("""{"detail":"Failed to log OpenTelemetry spans"}""", await response.Content.ReadAsStringAsync(Limit.Token));
        Assert.Empty(server.Traces);
    }

    [Theory]
    [InlineData("mlflow.chat.tokenUsage", "nonsense")]
    [InlineData("gen_ai.usage.input_tokens", "nonsense")]
    [InlineData("mlflow.llm.cost", "{}")]
    public async Task Other_nonsense_is_passed_over(string key, string value)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        await server.ExportAsync([new SentSpan("root", (key, value))]);

        Assert.Empty(server.Traces[0].TokenUsage);
    }

    [Fact]
    public async Task Session_user_tags_and_name_come_from_attributes_and_the_resource()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var root = new SentSpan(
            "root",
            ("gen_ai.conversation.id", "conversation"),
            ("session.id", 42),
            ("user.id", "\"quoted\""),
            ("mlflow.traceTag.env", "from root"),
            ("mlflow.traceTag.mlflow.traceName", "named"),
            ("mlflow.traceTag.mlflow.artifactLocation", "no"));

        await server.ExportAsync(
            [root, root.Child("child", ("mlflow.traceTag.child", "ignored"), ("session.id", "other"))],
            "0",
            ("service.name", "svc"), ("env", "from resource"), ("count", 3), ("telemetry.sdk.name", "x"), ("mlflow.x", "y"));

        var trace = server.Traces[0];
        Assert.Equal(("42", "quoted", "named"), (trace.SessionId, trace.User, trace.Name));
        Assert.Equal("count=3 env=from root mlflow.artifactLocation=mlflow-artifacts:/0/traces/" + trace.TraceId + "/artifacts mlflow.trace.spansLocation=TRACKING_STORE mlflow.traceName=named service.name=svc",
            string.Join(' ', trace.Tags.OrderBy(static tag => tag.Key, StringComparer.Ordinal).Select(static tag => $"{tag.Key}={tag.Value}")));
    }

    [Fact]
    public async Task A_root_s_name_is_not_the_trace_s()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        await server.ExportAsync([new SentSpan("POST /chat")]);

        Assert.Null(server.Traces[0].Name);
    }

    [Fact]
    public async Task A_trace_stays_in_its_experiment()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var other = (await server.PostAsync("/api/2.0/mlflow/experiments/create", new JsonObject { ["name"] = "other" }).JsonAsync())["experiment_id"]!.ToString();
        var root = new SentSpan("root");
        await server.ExportAsync([root]);

        using var response = await server.TryExportAsync([root.Child("child")], other);

        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("already exists in another experiment.", await response.Content.ReadAsStringAsync(Limit.Token), StringComparison.Ordinal);
        Assert.Single(server.Trace(root.TraceId).Spans);
    }

    [Fact]
    public async Task A_deleted_experiment_goes_on_taking_spans()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await server.PostAsync("/api/2.0/mlflow/experiments/delete", new JsonObject { ["experiment_id"] = "0" }).JsonAsync();

        await server.ExportAsync([new SentSpan("root")]);

        Assert.Single(server.Traces);
        Assert.Equal("deleted", server.Experiments[0].LifecycleStage);
    }

    [Fact]
    public async Task Spans_for_an_empty_experiment_are_accepted_and_lost()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        await server.ExportAsync([new SentSpan("root")], experiment: "");

        Assert.Empty(server.Traces);
    }

    [Fact]
    public async Task A_time_that_does_not_fit_is_the_server_s_fault()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        using var response = await server.TryExportAsync([new SentSpan("root") { End = ulong.MaxValue }]);

        Assert.Equal(500, (int)response.StatusCode);
        Assert.Contains("INTERNAL_ERROR", await response.Content.ReadAsStringAsync(Limit.Token), StringComparison.Ordinal);
        Assert.Empty(server.Traces);
    }

    [Fact]
    public async Task A_wait_for_traces_counts_those_that_are_done()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var waiting = server.WaitForTracesAsync(2, Limit.Token);

        await server.ExportAsync([new SentSpan("root"), new SentSpan("root").Child("orphan")]);
        Assert.False(waiting.IsCompleted);
        await server.ExportAsync([new SentSpan("root")]);

        Assert.Equal(2, (await waiting).Count);
        Assert.Equal(3, server.Traces.Count);
    }
}
