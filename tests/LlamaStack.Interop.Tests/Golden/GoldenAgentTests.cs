using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using LlamaStack.IntegrationTests;
using LlamaStack.Mlflow;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Interop.Tests;

/// <summary>
/// What Python asked with tools and agents, asked through .NET's AI libraries and compared in a real MLflow: what its chat view draws, its tools, its tool dashboard, tokens and
/// cost. Spans of loops and turns, which Python's have none of, stand between.
/// </summary>
[Collection(nameof(Application))]
public sealed class GoldenAgentTests(PeersFixture peers)
{
    private static readonly string[] _chats = ["manual-agent", "manual-agent-error", "chat-tools", "chat-tool-result", "chat-stream-tool-calls"];
    private static readonly string[] _responses = ["responses-function-call", "responses-stream-function-call"];

    /// <summary>Semantic Kernel speaks chat completions only.</summary>
    public static TheoryData<string, string> Scenarios =>
    [
        .. GoldenLibrary.All.Keys.SelectMany(_ => _chats, (library, scenario) => (library, scenario)),
        .. _responses.Select(scenario => ("Microsoft.Extensions.AI", scenario)),
    ];

    public static TheoryData<string> Libraries => [.. GoldenLibrary.All.Keys];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task A_real_MLflow_tells_what_it_tells_of_Pythons(string library, string name)
    {
        var (scenario, golden) = Find(name);
        await using var application = await StartAsync(scenario, GoldenLibrary.All[library]);

        await RunAsync(application, GoldenLibrary.All[library], scenario, golden, ToolResult(golden));

        var trace = Assert.Single(await application.TracesAsync());
        Assert.Equal((string?)golden["state"], trace.State);
        AssertHolds(golden["token_usage"], trace.TokenUsage, "tokens");
        Assert.All(golden["cost"] as JsonObject ?? [], cost => Assert.Equal((double)cost.Value!, (double)trace.Cost![cost.Key]!, 1e-9));
        var (theirs, ours) = (golden["spans"]!.AsArray(), trace.Spans.Where(span => span.Type != "CHAIN").ToList());
        Assert.Equal(theirs.Select(span => ((string?)span!["type"], (string?)span["status"] is "STATUS_CODE_ERROR")), ours.Select(span => (span.Type, span.Status is "STATUS_CODE_ERROR")));
        for (var i = 0; i < ours.Count; i++)
        {
            Compare(theirs[i]!, ours[i], GoldenLibrary.All[library]);
        }

        Assert.Equal(Expected(golden), await DashboardAsync(application));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public async Task A_tool_that_fails_is_a_failed_call_of_the_dashboard(string library)
    {
        var (scenario, golden) = Find("manual-agent");
        await using var application = await StartAsync(scenario, GoldenLibrary.All[library]);

        await RunAsync(application, GoldenLibrary.All[library], scenario, golden, () => throw new InvalidOperationException("No weather today."));

        Assert.Equal("OK", Assert.Single(await application.TracesAsync()).State);
        Assert.Equal(["get_weather ERROR 1"], await DashboardAsync(application));
    }

    private static (GoldenScenario Scenario, JsonNode Golden) Find(string name)
    {
        var scenario = GoldenScenario.All().Single(scenario => scenario.Name == name);
        return (scenario, scenario.Golden[0]);
    }

    private async Task<Application> StartAsync(GoldenScenario scenario, GoldenLibrary library)
    {
        // As the recorded traces were priced.
        var application = await Application.StartAsync((await peers.MlflowAsync()).Address, tracing: options => options.UseMlflowPricing = true);
        for (var call = 0; call < scenario.Calls.Count; call++)
        {
            application.LlamaStack.Enqueue(scenario.AnswerOf(call) is { Chunks: { } chunks } stream
                ? stream with { Chunks = [.. chunks.Select(chunk => ForModel(chunk.Span, library))] }
                : scenario.AnswerOf(call) with { Body = ForModel(scenario.ResponseOf(call), library) });
        }

        return application;
    }

    /// <summary>The answer to a request that names tools as a library names them.</summary>
    private static ReadOnlyMemory<byte> ForModel(ReadOnlySpan<byte> body, GoldenLibrary library) =>
        Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body).Replace("\"name\":\"get_", $"\"name\":\"{library.ToolPrefix}get_", StringComparison.Ordinal));

    /// <summary>What is recorded of it, with the names as they were before.</summary>
    private static JsonNode? AsRecorded(JsonNode? json, GoldenLibrary library) =>
        library.ToolPrefix.Length == 0 || json is null ? json : JsonNode.Parse(json.ToJsonString().Replace(library.ToolPrefix, "", StringComparison.Ordinal));

    /// <summary>The first request of the scenario; further ones are what the library makes of the answer to it.</summary>
    private static async Task RunAsync(Application application, GoldenLibrary library, GoldenScenario scenario, JsonNode golden, Func<JsonNode?>? run)
    {
        var request = JsonNode.Parse(scenario.RequestOf(0))!.AsObject();
        if ((string?)golden["spans"]![0]!["type"] is not "AGENT")
        {
            await library.AskAsync(application, request, run);
            return;
        }

        using var agent = LlamaStackTrace.StartAgent((string)golden["name"]!).SetInputs(golden["spans"]![0]!["inputs"]!.DeepClone());
        try
        {
            await library.AskAsync(application, request, run);
            agent.SetOutputs(golden["spans"]![0]!["outputs"]!.DeepClone());
        }
        catch (LlamaStackException e)
        {
            agent.SetError(e);
        }
    }

    private static Func<JsonNode?>? ToolResult(JsonNode golden) =>
        golden["spans"]!.AsArray().SingleOrDefault(span => (string?)span!["type"] is "TOOL") is { } tool ? () => tool["outputs"]!.DeepClone() : null;

    private static void Compare(JsonNode golden, StoredSpan span, GoldenLibrary library)
    {
        if (span.Type is not "CHAT_MODEL")
        {
            Assert.Equal((string?)golden["name"], span.Name);
            AssertSame(golden["inputs"], span.Inputs);
            AssertSame(golden["outputs"], span.Outputs);
            return;
        }

        Assert.Equal(((string?)golden["model"], (string?)golden["format"]), ((string?)span["mlflow.llm.model"], (string?)span["mlflow.message.format"]));
        AssertHolds(golden["tokens"], span["mlflow.chat.tokenUsage"], "tokens");
        AssertHolds(golden["outputs"], AsRecorded(span.Outputs, library), "outputs");
        Assert.Equal(ToolsOf(golden["tools"]), ToolsOf(AsRecorded(span.Tools, library)));
        Assert.Equal(ChatOf(golden["inputs"]!), ChatOf(AsRecorded(span.Inputs, library)!));
    }

    /// <summary>The bubbles that the chat view draws of a request: who says what. The recorded second call of an agent has ids, and a system prompt, of its own.</summary>
    private static List<string> ChatOf(JsonNode inputs) => inputs["messages"] is not JsonArray messages
        ? ["user: " + (inputs["input"] is JsonArray items ? TextOf(items.Single()!["content"]) : (string)inputs["input"]!)]
        : [.. from message in messages
              where (string?)message["role"] is not "system"
              select $"{message["role"]}: {TextOf(message["content"])} {string.Join(',', (message["tool_calls"] as JsonArray ?? []).Select(call => $"{call!["type"]} {call["function"]!.ToJsonString()}"))}"];

    private static string TextOf(JsonNode? content) => content is JsonArray parts ? string.Concat(parts.Select(part => (string?)part!["text"])) : (string?)content ?? "";

    /// <summary>What the panel of tools shows.</summary>
    private static List<string> ToolsOf(JsonNode? tools) =>
        [.. (tools as JsonArray ?? []).Select(tool => $"{tool!["type"]} {tool["function"]!["name"]}: {tool["function"]!["description"]} {Sorted(tool["function"]!["parameters"])}")];

    /// <summary>JSON as text, members in the order of their names.</summary>
    private static string Sorted(JsonNode? json) => json switch
    {
        JsonObject members => $"{{{string.Join(',', members.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => $"{member.Key}:{Sorted(member.Value)}"))}}}",
        JsonArray elements => $"[{string.Join(',', elements.Select(Sorted))}]",
        _ => json?.ToJsonString() ?? "null",
    };

    private static void AssertSame(JsonNode? golden, JsonNode? ours) => Assert.True(JsonNode.DeepEquals(golden, ours), $"{ours?.ToJsonString()}, not {golden?.ToJsonString()}");

    /// <summary>Every member that is not null has the same value in ours, which may hold more.</summary>
    private static void AssertHolds(JsonNode? golden, JsonNode? ours, string path)
    {
        switch (golden)
        {
            case JsonObject members:
                Assert.All(members, member => AssertHolds(member.Value, (ours as JsonObject)?[member.Key], $"{path}.{member.Key}"));
                break;
            case JsonArray elements:
                Assert.All(elements, (element, i) => AssertHolds(element, (ours as JsonArray)?[i], $"{path}[{i}]"));
                break;
            case JsonValue number when number.GetValueKind() is JsonValueKind.Number:
                Assert.True(ours is not null, $"{path} is missing");
                Assert.Equal((double)number, (double)ours, 1e-12);
                break;
            case not null:
                Assert.True(JsonNode.DeepEquals(golden, ours), $"{path} is {ours?.ToJsonString() ?? "missing"}, not {golden.ToJsonString()}");
                break;
        }
    }

    /// <summary>The rows of the tool dashboard, by what Python left in the columns that it reads.</summary>
    private static List<string> Expected(JsonNode golden) =>
    [
        .. from span in golden["spans"]!.AsArray()
           where (string?)span["store_span_row"]!["type"] is "TOOL"
           group span by $"{span["name"]} {span["store_span_row"]!["status"]}" into row
           orderby row.Key
           select $"{row.Key} {row.Count()}",
    ];

    /// <summary>As MLflow's page asks: calls by name and status, and how long they took.</summary>
    private static async Task<List<string>> DashboardAsync(Application application)
    {
        var client = application.Services.GetRequiredService<MlflowClient>();
        var tools = new MlflowMetricsQuery
        {
            ExperimentIds = [(await client.GetExperimentByNameAsync(application.Experiment, TestContext.Current.CancellationToken))!.Id],
            View = MlflowMetricsView.Spans,
            Metric = "span_count",
            Aggregations = [MlflowMetricAggregation.Count],
            Dimensions = ["span_name", "span_status"],
            Filters = ["span.type = 'TOOL'"],
        };
        var calls = await client.QueryTraceMetricsAsync(tools, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        var latencies = await client.QueryTraceMetricsAsync(
            tools with { Metric = "latency", Aggregations = [MlflowMetricAggregation.Average], Dimensions = ["span_name"] }, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(calls.Select(call => call.Dimensions["span_name"]).Distinct().Order(), latencies.Select(latency => latency.Dimensions["span_name"]).Order());
        return [.. calls.Select(call => $"{call.Dimensions["span_name"]} {call.Dimensions["span_status"]} {call.Values["COUNT"]}").Order(StringComparer.Ordinal)];
    }
}
