using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlamaStack.Testing;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests;

/// <summary>What the shipped Collector configuration does with spans, through a real Collector into a real MLflow, and that a second back end gets them as they are.</summary>
public sealed class CollectorRulesTests(PeersFixture peers) : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private OtlpTestServer _second = null!;
    private ShippedCollector _collector = null!;
    private HttpClient _mlflow = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var mlflow = (await peers.MlflowAsync()).Address;
        _mlflow = new HttpClient { BaseAddress = mlflow };
        _second = await OtlpTestServer.StartAsync(cancellationToken: Cancellation);
        _collector = await ShippedCollector.StartAsync(mlflow, _second.Endpoint, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _mlflow?.Dispose();
        await (_collector?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_second?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Fact]
    public async Task The_servers_spans_join_the_callers_tree_without_its_noise_and_tokens_count_once()
    {
        var trace = NewTrace();
        await SendAsync(
            Resource("shop", ("service.version", "1.2"), ("service.instance.id", "i-1"), ("host.name", "h")),
            Span(trace, 1, null, "POST /chat", 2, ("mlflow.spanType", "CHAIN"), ("mlflow.traceTag.mlflow.traceName", "POST /chat")),
            Span(trace, 2, 1, "chat llama", 3, ("mlflow.spanType", "CHAT_MODEL"), ("gen_ai.usage.input_tokens", 13), ("gen_ai.usage.output_tokens", 7), ("mlflow.chat.tokenUsage", """{"input_tokens":13,"output_tokens":7,"total_tokens":20}""")));
        await SendAsync(
            Resource("ogx-server", ("service.instance.id", "i-2"), ("telemetry.auto.version", "0.66b1")),
            Span(trace, 3, 2, "POST /v1/chat/completions", 2, ("http.method", "POST")),
            Span(trace, 4, 3, "POST /v1/chat/completions http send", 1, ("asgi.event.type", "http.response.body")),
            Span(trace, 5, 3, "chat stub-chat", 3, ("gen_ai.operation.name", "chat"), ("gen_ai.usage.input_tokens", 13), ("gen_ai.usage.output_tokens", 7)),
            Span(NewTrace(), 6, null, "GET /v1/health", 2, ("http.method", "GET")));

        await _second.WaitForSpansAsync(6, cancellationToken: Cancellation);
        var stored = await WholeAsync(trace, 4);

        Assert.Equal(["POST /chat", "POST /v1/chat/completions", "chat llama", "chat stub-chat"], stored.Spans.Select(span => span.Name).Order(StringComparer.Ordinal));
        Assert.Equal(20, (int)stored.TokenUsage!["total_tokens"]!);
        Assert.Equal(("shop", "1.2"), ((string?)stored.Tags["service.name"], (string?)stored.Tags["service.version"]));
        Assert.DoesNotContain(stored.Tags, tag => tag.Key is "service.instance.id" or "telemetry.auto.version" or "host.name" or "llama_stack.server" or "mlflow.experiment");
        Assert.Single(stored.Spans, span => span.Attributes.Keys.Any(key => key.StartsWith("gen_ai.usage.", StringComparison.Ordinal)));
        Assert.Equal(2, _second.Spans.Count(span => span.Attributes.ContainsKey("gen_ai.usage.input_tokens")));
        Assert.Contains(_second.Spans, span => (string?)span.Resource["service.instance.id"] == "i-2");
    }

    [Fact]
    public async Task A_marked_parent_is_cut_off_for_MLflow_alone()
    {
        var (foreign, own) = (NewTrace(), NewTrace());
        await SendAsync(
            Resource("shop"),
            Span(foreign, 1, 9, "POST /chat", 2, ("mlflow.spanType", "CHAIN"), ("llama_stack.trace.foreign_parent", true)),
            Span(own, 2, 9, "POST /chat", 2, ("mlflow.spanType", "CHAIN")),
            Span(own, 9, null, "gateway", 3, ("mlflow.spanType", "CHAIN")));

        var cut = await WholeAsync(foreign, 1);
        var whole = await WholeAsync(own, 2);

        Assert.Equal("POST /chat", cut.Root.Name);
        Assert.DoesNotContain("llama_stack.trace.foreign_parent", cut.Root.Attributes.Keys);
        Assert.Equal("gateway", whole.Root.Name);
        await _second.WaitForSpansAsync(3, cancellationToken: Cancellation);
        Assert.Equal(Id(9), _second.Spans.Single(span => span.TraceId == foreign).ParentSpanId);
    }

    [Fact]
    public async Task A_request_that_answered_though_its_model_failed_is_a_failed_trace_in_MLflow_alone()
    {
        var trace = NewTrace();
        await SendAsync(Resource("shop"), Span(trace, 1, null, "POST /chat", 2, ("mlflow.spanType", "CHAIN"), ("llama_stack.trace.failure", "The model is asleep.")));

        var stored = await WholeAsync(trace, 1);

        Assert.Equal(("ERROR", "The model is asleep."), (stored.State, stored.Root.StatusMessage));
        await _second.WaitForSpansAsync(1, cancellationToken: Cancellation);
        Assert.Equal(ActivityStatusCode.Unset, _second.Spans.Single().Status);
    }

    [Fact]
    public async Task Tools_and_agents_go_by_their_own_names_in_MLflow_alone_and_sums_above_calls_do_not_count()
    {
        var trace = NewTrace();
        await SendAsync(
            Resource("shop"),
            Span(trace, 1, null, "Microsoft.AspNetCore.Hosting.HttpRequestIn", 2, ("mlflow.spanType", "CHAIN")),
            Span(trace, 2, 1, "invoke_agent helper(0123)", 1, ("mlflow.spanType", "AGENT"), ("gen_ai.operation.name", "invoke_agent"), ("gen_ai.agent.name", "helper"), ("gen_ai.usage.input_tokens", 99)),
            Span(trace, 3, 2, "execute_tool get_weather", 1, ("mlflow.spanType", "TOOL"), ("gen_ai.tool.name", "get_weather")));

        var stored = await WholeAsync(trace, 3);

        Assert.Equal(["get_weather", "helper", "request"], stored.Spans.Select(span => span.Name).Order(StringComparer.Ordinal));
        Assert.Null(stored.TokenUsage);

        // For MLflow's tool dashboard only what says so is a success.
        Assert.All(stored.Spans, span => Assert.Equal("STATUS_CODE_OK", span.Status));
        await _second.WaitForSpansAsync(3, cancellationToken: Cancellation);
        Assert.All(_second.Spans, span => Assert.Equal(ActivityStatusCode.Unset, span.Status));
        Assert.Contains(_second.Spans, span => span.Name == "execute_tool get_weather");
        Assert.Contains(_second.Spans, span => span.Attributes.ContainsKey("gen_ai.usage.input_tokens"));
    }

    [Fact]
    public async Task A_resource_attribute_chooses_the_experiment_and_the_servers_spans_follow_by_trace_state()
    {
        var (plain, eval) = (NewTrace(), NewTrace());
        await SendAsync(Resource("shop"), Span(plain, 1, null, "work", 1, ("mlflow.spanType", "CHAIN")));
        await SendAsync(Resource("judge", ("mlflow.experiment", "eval")), Span(eval, 2, null, "judging", 1, ("mlflow.spanType", "CHAIN")));
        var ofServer = Span(eval, 3, 2, "POST /v1/chat/completions", 2, ("http.method", "POST"));
        ofServer["traceState"] = "mlflow=eval";
        await SendAsync(Resource("ogx-server"), ofServer);

        await WholeAsync(plain, 1);
        await WholeAsync(eval, 2);

        Assert.Equal(_collector.ExperimentId, await ExperimentOfAsync(plain));
        Assert.Equal(_collector.EvalExperimentId, await ExperimentOfAsync(eval));
    }

    [Fact]
    public async Task Spans_of_others_keep_their_tokens()
    {
        var trace = NewTrace();
        await SendAsync(Resource("python-app"), Span(trace, 1, null, "chat gpt", 3, ("gen_ai.operation.name", "chat"), ("gen_ai.usage.input_tokens", 5), ("gen_ai.usage.output_tokens", 6)));

        Assert.Equal(11, (int)(await WholeAsync(trace, 1)).TokenUsage!["total_tokens"]!);
    }

    private static string NewTrace() => ActivityTraceId.CreateRandom().ToHexString();

    private static string Id(int number) => $"00000000000000{number:x2}";

    private static JsonObject Resource(string service, params (string Key, string Value)[] more) => Attributes([("service.name", service), .. more.Select(pair => (pair.Key, (object)pair.Value))]);

    private static JsonObject Span(string trace, int id, int? parent, string name, int kind, params (string Key, object Value)[] attributes)
    {
        var span = Attributes(attributes);
        var now = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;
        (span["traceId"], span["spanId"], span["parentSpanId"], span["name"], span["kind"]) = (trace, Id(id), parent is { } above ? Id(above) : "", name, kind);
        (span["startTimeUnixNano"], span["endTimeUnixNano"]) = ($"{now}", $"{now + 1_000_000}");
        return span;
    }

    private static JsonObject Attributes(IEnumerable<(string Key, object Value)> attributes) => new()
    {
        ["attributes"] = new JsonArray([.. attributes.Select(pair => new JsonObject
        {
            ["key"] = pair.Key,
            ["value"] = pair.Value switch
            {
                int number => new JsonObject { ["intValue"] = $"{number}" },
                bool flag => new JsonObject { ["boolValue"] = flag },
                var text => new JsonObject { ["stringValue"] = (string)text },
            },
        })]),
    };

    private async Task SendAsync(JsonObject resource, params JsonNode[] spans)
    {
        var export = new JsonObject
        {
            ["resourceSpans"] = new JsonArray(new JsonObject { ["resource"] = resource, ["scopeSpans"] = new JsonArray(new JsonObject { ["scope"] = new JsonObject(), ["spans"] = new JsonArray(spans) }) }),
        };
        using var response = await _http.PostAsJsonAsync(new Uri(_collector.Address, "/v1/traces"), export, Cancellation);
        response.EnsureSuccessStatusCode();
    }

    private Task<StoredTrace> WholeAsync(string trace, int spans) => CollectorTraces.WholeAsync(_mlflow, $"tr-{trace}", spans, Cancellation);

    private async Task<string?> ExperimentOfAsync(string trace)
    {
        var answer = await _mlflow.GetFromJsonAsync<JsonNode>($"api/3.0/mlflow/traces/tr-{trace}", Cancellation);
        return (string?)answer!["trace"]!["trace_info"]!["trace_location"]!["mlflow_experiment"]!["experiment_id"];
    }
}
