using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using LlamaStack.Testing;

namespace LlamaStack.IntegrationTests;

/// <summary>The main job, from outside: the sample as a program, six calls, and what MLflow tells of each. On the stand-ins and on the real servers alike.</summary>
public sealed class WebApiSampleTests(PeersFixture peers)
{
    private const string Question = "What does a telescope do?";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mode_Mlflow_on_the_stand_ins()
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Cancellation);
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Cancellation);

        await SixCallsAsync(Settings(models.Endpoint, mlflow.Endpoint), mlflow.Endpoint);

        Assert.Equal(6, mlflow.Traces.Count);
    }

    [Fact]
    public async Task Mode_Mlflow_on_the_real_servers()
    {
        var (models, mlflow) = (await peers.OgxAsync(), await peers.MlflowAsync());

        await SixCallsAsync(Settings(models.Address, mlflow.Address, "stub/stub-chat", "stub/stub-embed"), mlflow.Address);
    }

    [Fact]
    public async Task Mode_Otlp_through_a_real_Collector()
    {
        var (models, mlflow) = (await peers.OgxAsync(), await peers.MlflowAsync());
        await using var second = await OtlpTestServer.StartAsync(cancellationToken: Cancellation);
        await using var collector = await ShippedCollector.StartAsync(mlflow.Address, second.Endpoint, Cancellation);

        await SixCallsAsync(
            new Dictionary<string, string>(Settings(models.Address, mlflow.Address, "stub/stub-chat", "stub/stub-embed"))
            {
                ["LlamaStack__Tracing__Mode"] = "Otlp",
                ["LlamaStack__Tracing__ContentCapture"] = "Full",
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.AbsoluteUri,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            },
            mlflow.Address);
    }

    [Fact]
    public async Task With_no_server_at_hand_it_stands_in_for_them_and_says_so()
    {
        var (program, http) = await SampleProgram.ServeAsync("WebApi", new Dictionary<string, string>(), Cancellation);
        await using var _ = program;
        using var __ = http;

        var answer = await AskAsync(http, "/chat", new { message = Question });

        Assert.Contains("\"What does a telescope do?\"", (string)answer["answer"]!, StringComparison.OrdinalIgnoreCase);
        var traces = await http.GetFromJsonAsync<JsonArray>("/traces?max=20", Cancellation);
        Assert.Equal((string)answer["traceId"]!, (string)Assert.Single(traces!)!["id"]!);
        Assert.Contains("MLFLOW_TRACKING_URI", program.Output, StringComparison.Ordinal);
        Assert.Contains("LLAMA_STACK_CLIENT_BASE_URL", program.Output, StringComparison.Ordinal);
        Assert.Contains("<html", await http.GetStringAsync("/", Cancellation), StringComparison.Ordinal);
        Assert.Equal("Healthy", (string)(await http.GetFromJsonAsync<JsonNode>("/health", Cancellation))!["status"]!);
    }

    [Fact]
    public async Task In_mode_Otlp_with_no_server_at_hand_it_says_what_only_MLflow_could_tell()
    {
        var (program, http) = await SampleProgram.ServeAsync("WebApi", new Dictionary<string, string> { ["LlamaStack__Tracing__Mode"] = "Otlp" }, Cancellation);
        await using var _ = program;
        using var __ = http;

        Assert.StartsWith("tr-", (string)(await AskAsync(http, "/chat", new { message = Question }))["traceId"]!, StringComparison.Ordinal);

        using var traces = await http.GetAsync("/traces", Cancellation);
        Assert.Equal(HttpStatusCode.NotImplemented, traces.StatusCode);
        Assert.Contains("MLFLOW_TRACKING_URI", await traces.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal("Healthy", (string)(await http.GetFromJsonAsync<JsonNode>("/health", Cancellation))!["checks"]!["mlflow"]!["status"]!);
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT", program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_body_is_a_400_that_names_the_member_and_an_error_of_the_model_server_keeps_its_words()
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Cancellation);
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Cancellation);
        var (program, http) = await SampleProgram.ServeAsync("WebApi", Settings(models.Endpoint, mlflow.Endpoint), Cancellation);
        await using var _ = program;
        using var __ = http;

        async Task AssertProblem(string path, object body, HttpStatusCode status, string words, string accept = "application/json")
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
            request.Headers.Accept.Add(new(accept));
            using var response = await http.SendAsync(request, Cancellation);
            var text = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.Equal(status, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.Contains(words, text, StringComparison.Ordinal);
            Assert.StartsWith("tr-", response.Headers.GetValues("X-Trace-Id").Single(), StringComparison.Ordinal);
        }

        await AssertProblem("/chat", new { nonsense = 1 }, HttpStatusCode.BadRequest, "message");
        await AssertProblem("/chat", new { message = 42 }, HttpStatusCode.BadRequest, "message");
        await AssertProblem("/chat", new { message = "Hi", api = "soap" }, HttpStatusCode.BadRequest, "api");
        await AssertProblem("/embeddings", new { input = Array.Empty<string>() }, HttpStatusCode.BadRequest, "input");
        await AssertProblem("/agent", new { }, HttpStatusCode.BadRequest, "message");
        await AssertProblem("/chat", new { message = "Hi", model = "nowhere/model" }, HttpStatusCode.NotFound, "nowhere/model");
        models.Enqueue(ScriptedExchange.Json("/v1/chat/completions", """{"error":{"message":"Slow down."}}""", 429));
        await AssertProblem("/chat", new { message = "Hi" }, HttpStatusCode.TooManyRequests, "Slow down.");
        models.Enqueue(ScriptedExchange.Json("/v1/chat/completions", """{"error":{"message":"Slow down."}}""", 429));
        await AssertProblem("/chat", new { message = "Hi" }, HttpStatusCode.TooManyRequests, "Slow down.", "text/event-stream");
        await AssertProblem("/chat", new { message = 42 }, HttpStatusCode.BadRequest, "message", "text/event-stream");
        models.Enqueue(ScriptedExchange.Json("/v1/chat/completions", """{"error":{"message":"The provider is on fire."}}""", 500));
        await AssertProblem("/chat", new { message = "Hi" }, HttpStatusCode.BadGateway, "The provider is on fire.");
        models.Enqueue(new ScriptedExchange { Path = "/v1/chat/completions", CutBeforeHeaders = true });
        models.Enqueue(new ScriptedExchange { Path = "/v1/chat/completions", CutBeforeHeaders = true });
        await AssertProblem("/chat", new { message = "Hi" }, HttpStatusCode.BadGateway, "LlamaStack");
    }

    [Fact]
    public async Task A_silent_model_server_is_a_504_and_its_trace_says_that_it_timed_out()
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Cancellation);
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Cancellation);
        var (program, http) = await SampleProgram.ServeAsync(
            "WebApi", new Dictionary<string, string>(Settings(models.Endpoint, mlflow.Endpoint, "demo/llama", "demo/embed")) { ["LlamaStack__Timeout"] = "00:00:00.500" }, Cancellation);
        await using var _ = program;
        using var __ = http;
        models.Enqueue(new ScriptedExchange { Path = "/v1/chat/completions", BeforeHeaders = static token => new TaskCompletionSource().Task.WaitAsync(token) });

        using var response = await http.PostAsJsonAsync("/chat", new { message = "Hi" }, Cancellation);

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        var trace = await mlflow.WaitForTraceAsync(response.Headers.GetValues("X-Trace-Id").Single(), Cancellation);
        Assert.Equal("ERROR", trace.State);
        Assert.Equal("timeout", (string?)trace.Spans.Single(span => span.Type == "CHAT_MODEL").Attributes["error.type"]);
    }

    private static Dictionary<string, string> Settings(Uri models, Uri mlflow, string? model = null, string? embeddingModel = null)
    {
        Dictionary<string, string> settings = new()
        {
            ["LLAMA_STACK_CLIENT_BASE_URL"] = models.AbsoluteUri,
            ["MLFLOW_TRACKING_URI"] = mlflow.AbsoluteUri,
            ["MLFLOW_EXPERIMENT_NAME"] = $"sample-{Guid.NewGuid():N}",
        };
        if (model is not null)
        {
            settings["LlamaStack__Model"] = model;
            settings["LlamaStack__EmbeddingModel"] = embeddingModel!;
        }

        return settings;
    }

    private static async Task SixCallsAsync(IReadOnlyDictionary<string, string> settings, Uri mlflow)
    {
        var (program, http) = await SampleProgram.ServeAsync("WebApi", settings, Cancellation);
        await using var _ = program;
        using var __ = http;
        using var server = new HttpClient { BaseAddress = mlflow };
        http.DefaultRequestHeaders.Add("X-Session-Id", "s-42");
        http.DefaultRequestHeaders.Add("X-User-Id", "ada");
        foreach (var api in (string[])["chat", "responses"])
        {
            var answer = await AskAsync(http, "/chat", new { message = Question, api });
            await AssertWholeAsync(server, answer, "POST /chat", "CHAT_MODEL");
            var streamed = await StreamAsync(http, "/chat", new { message = Question, api });
            await AssertWholeAsync(server, streamed, "POST /chat", "CHAT_MODEL");
        }

        var vectors = await AskAsync(http, "/embeddings", new { input = (string[])["one", "two"] });
        Assert.Equal(2, (int)vectors["count"]!);
        Assert.True((int)vectors["dimensions"]! > 1);
        await AssertWholeAsync(server, vectors, "POST /embeddings", "EMBEDDING");

        var agent = await AskAsync(http, "/agent", new { message = "What is the weather in Paris?" });
        var trace = await AssertWholeAsync(server, agent, "POST /agent", "CHAT_MODEL", "TOOL", "AGENT");
        Assert.Equal("AGENT", trace.Root.Type);
        Assert.Equal(2, trace.Spans.Count(span => span.Type == "CHAT_MODEL"));
        var tool = Assert.Single(trace.Spans, span => span.Type == "TOOL");
        Assert.Equal("get_weather", tool.Name);
        Assert.Equal("Paris", (string?)tool.Inputs!["city"]);
        Assert.Contains("17 °C", (string?)tool.Outputs, StringComparison.Ordinal);
    }

    /// <summary>What every good trace shows.</summary>
    private static async Task<StoredTrace> AssertWholeAsync(HttpClient mlflow, JsonNode answer, string name, params string[] types)
    {
        var trace = await StoredTrace.WaitAsync(mlflow, (string)answer["traceId"]!, Cancellation);
        Assert.Equal("OK", trace.State);
        Assert.Equal(name, trace.Name);
        Assert.Equal(("s-42", "ada"), (trace.Session, trace.User));
        Assert.Single(trace.Spans, span => span.ParentId is null);
        Assert.All(trace.Spans.Where(span => span.ParentId is not null), span => Assert.Contains(trace.Spans, parent => parent.Id == span.ParentId));
        Assert.All(types, type => Assert.Contains(type, trace.Spans.Select(span => span.Type)));
        if ((string?)answer["answer"] is { } text)
        {
            Assert.Equal(text, trace.ResponsePreview);
            Assert.DoesNotContain("{", trace.RequestPreview, StringComparison.Ordinal);
            Assert.Equal((long)answer["usage"]!["inputTokens"]!, (long)trace.TokenUsage!["input_tokens"]!);
            Assert.Equal((long)answer["usage"]!["outputTokens"]!, (long)trace.TokenUsage!["output_tokens"]!);
        }

        Assert.Equal(0.0, (double)trace.Cost!["total_cost"]!);
        return trace;
    }

    private static async Task<JsonNode> AskAsync(HttpClient http, string path, object body)
    {
        using var response = await http.PostAsJsonAsync(path, body, Cancellation);
        var answer = await response.Content.ReadFromJsonAsync<JsonNode>(Cancellation);
        Assert.True(response.IsSuccessStatusCode, answer?.ToJsonString());
        Assert.Equal((string?)answer!["traceId"], response.Headers.GetValues("X-Trace-Id").Single());
        return answer;
    }

    private static async Task<JsonNode> StreamAsync(HttpClient http, string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Accept.Add(new("text/event-stream"));
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        List<SseItem<string>> events = [];
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(Cancellation)).EnumerateAsync(Cancellation))
        {
            events.Add(item);
        }

        var done = JsonNode.Parse(events[^1].Data)!;
        Assert.Equal("done", events[^1].EventType);
        var deltas = events.SkipLast(1).ToList();
        Assert.True(deltas.Count > 1);
        Assert.All(deltas, item => Assert.Equal("delta", item.EventType));
        Assert.Equal((string)done["answer"]!, string.Concat(deltas.Select(item => (string)JsonNode.Parse(item.Data)!["text"]!)));
        return done;
    }
}
