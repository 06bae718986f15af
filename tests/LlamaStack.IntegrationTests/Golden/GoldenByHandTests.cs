using System.Diagnostics;
using System.Text.Json.Nodes;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.IntegrationTests;

/// <summary>What Python says of a trace by hand (spans around calls, session, user, tags, previews, feedback), said from .NET and compared in a real MLflow.</summary>
[Collection(nameof(InProcessTracing))]
public sealed class GoldenByHandTests(PeersFixture peers)
{
    private static readonly Dictionary<string, Func<IServiceProvider, GoldenScenario, CancellationToken, Task>> _acts = new()
    {
        ["manual-agent"] = AgentAsync,
        ["manual-agent-error"] = FailingAgentAsync,
        ["manual-chat-turn"] = ChatTurnAsync,
        ["session-user"] = SessionAndUserAsync,
        ["session-context"] = SessionOfScopeAsync,
        ["remote-parent"] = RemoteParentAsync,
        ["remote-parent-flushed"] = RemoteParentAsync,
        ["feedback"] = static (provider, scenario, cancellationToken) => GoldenReplay.CallAsync(provider, scenario, 0, cancellationToken),
    };

    public static TheoryData<string> Scenarios => [.. _acts.Keys];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task A_real_MLflow_tells_what_it_tells_of_Pythons(string name) => await CompareAsync(name, (await peers.MlflowAsync()).Address);

    /// <summary>The oldest server. As a drill: it is started for this.</summary>
    [Theory]
    [Trait("Category", "Drill")]
    [MemberData(nameof(Scenarios))]
    public async Task An_MLflow_3_7_tells_the_same(string name)
    {
        Assert.SkipUnless(Drill.IsWanted, Drill.Skipped);
        await CompareAsync(name, (await peers.OldestMlflowAsync()).Address);
    }

    private static async Task CompareAsync(string name, Uri mlflow)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var scenario = GoldenScenario.All().Single(scenario => scenario.Name == name);
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: cancellationToken);
        for (var call = 0; call < scenario.Calls.Count; call++)
        {
            models.Enqueue(scenario.AnswerOf(call));
        }

        var experiment = $"golden-{name}-{Guid.NewGuid():N}";
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddLlamaStack(options => options.Endpoint = models.Endpoint).WithMlflowTracing(options => (options.TrackingUri, options.ExperimentName) = (mlflow, experiment));
        await using var provider = services.BuildServiceProvider();
        var tracing = provider.GetRequiredService<TracerProvider>();

        await _acts[name](provider, scenario, cancellationToken);

        Assert.True(tracing.ForceFlush(60_000));
        using var http = new HttpClient { BaseAddress = mlflow };
        var client = provider.GetRequiredService<MlflowClient>();
        var trace = Assert.Single(await StoredTrace.OfExperimentAsync(client, http, experiment, cancellationToken));
        if (scenario.Golden is not [{ } golden, ..])
        {
            // Python loses the spans of a handler that returns at once.
            Assert.Equal(("OK", 2), (trace.State, trace.Spans.Count));
            return;
        }

        Compare(name, golden, trace);
        if (golden["assessments"] is JsonArray { Count: > 0 } assessments)
        {
            await AssessAsync(client, trace, assessments, cancellationToken);
        }
    }

    private static async Task AgentAsync(IServiceProvider provider, GoldenScenario scenario, CancellationToken cancellationToken)
    {
        using var agent = LlamaStackTrace.StartAgent("weather-agent").SetInputs(Inputs(scenario, 0));
        await GoldenReplay.CallAsync(provider, scenario, 0, cancellationToken);
        using (var tool = LlamaStackTrace.StartTool("get_weather").SetInputs(Inputs(scenario, 2)))
        {
            tool.SetOutputs(Outputs(scenario, 2));
        }

        await GoldenReplay.CallAsync(provider, scenario, 1, cancellationToken);
        agent.SetOutputs(Outputs(scenario, 0));
    }

    private static async Task FailingAgentAsync(IServiceProvider provider, GoldenScenario scenario, CancellationToken cancellationToken)
    {
        using var agent = LlamaStackTrace.StartAgent("weather-agent").SetInputs(Inputs(scenario, 0));
        agent.SetError(await Assert.ThrowsAsync<LlamaStackException>(() => GoldenReplay.CallAsync(provider, scenario, 0, cancellationToken)));
    }

    private static async Task ChatTurnAsync(IServiceProvider provider, GoldenScenario scenario, CancellationToken cancellationToken)
    {
        using var turn = LlamaStackTrace.StartSpan("POST /chat").SetInputs(Inputs(scenario, 0));
        LlamaStackTrace.SetSession("session-1");
        LlamaStackTrace.SetUser("alice");
        LlamaStackTrace.SetTag("team", "support");
        LlamaStackTrace.SetMetadata("app.version", "1.0.0");
        await GoldenReplay.CallAsync(provider, scenario, 0, cancellationToken);
        turn.SetOutputs(Outputs(scenario, 0));
    }

    private static async Task SessionAndUserAsync(IServiceProvider provider, GoldenScenario scenario, CancellationToken cancellationToken)
    {
        using var ask = LlamaStackTrace.StartSpan("ask").SetInputs(Inputs(scenario, 0));
        LlamaStackTrace.SetSession("session-2");
        LlamaStackTrace.SetUser("bob");
        LlamaStackTrace.SetRequestPreview("a short request");
        LlamaStackTrace.SetResponsePreview("a short answer");
        await GoldenReplay.CallAsync(provider, scenario, 0, cancellationToken);
        ask.SetOutputs(Outputs(scenario, 0));
    }

    private static async Task SessionOfScopeAsync(IServiceProvider provider, GoldenScenario scenario, CancellationToken cancellationToken)
    {
        using var scope = LlamaStackTrace.BeginScope(session: "session-2", user: "bob");
        await GoldenReplay.CallAsync(provider, scenario, 0, cancellationToken);
    }

    private static async Task RemoteParentAsync(IServiceProvider provider, GoldenScenario scenario, CancellationToken cancellationToken)
    {
        Activity.Current = null;
        using var source = new ActivitySource("Microsoft.AspNetCore");
        using var request = source.StartActivity("request", ActivityKind.Server, ActivityContext.Parse($"00-{ActivityTraceId.CreateRandom()}-b7ad6b7169203331-01", null));
        await GoldenReplay.CallAsync(provider, scenario, 0, cancellationToken);
    }

    private static void Compare(string name, JsonNode golden, StoredTrace trace)
    {
        if (name != "remote-parent-flushed")
        {
            Assert.Equal((string?)golden["state"], trace.State);
            Assert.Equal((string?)golden["request_preview"] is { } asked && !asked.StartsWith('{') ? asked : trace.RequestPreview, trace.RequestPreview);
            Assert.Equal((string?)golden["response_preview"] is { } answered && !answered.StartsWith('"') ? answered : trace.ResponsePreview, trace.ResponsePreview);
            // A Python function without a type is UNKNOWN; ours are CHAIN, which has an icon.
            Assert.Equal(golden["spans"]!.AsArray().Select(span => (string?)span!["type"] is "UNKNOWN" ? "CHAIN" : (string?)span["type"]), trace.Spans.Select(span => span.Type));
            Assert.Equal(golden["spans"]!.AsArray().Count, trace.Spans.Count);
        }
        else
        {
            // Python's trace waits for ever for its caller's root.
            Assert.Equal(("OK", null), (trace.State, trace.Spans.Single(span => span.Name == trace.Root.Name).ParentId));
        }

        Assert.Equal((string?)golden["session"], trace.Session);
        Assert.Equal((string?)golden["user"], trace.User);
        Assert.All(golden["token_usage"] as JsonObject ?? [], tokens => Assert.Equal((long)tokens.Value!, (long)trace.TokenUsage![tokens.Key]!));
        if (name == "manual-chat-turn")
        {
            Assert.Equal(("support", "1.0.0"), ((string?)trace.Tags["team"], (string?)trace.Metadata["app.version"]));
        }

        foreach (var span in golden["spans"]!.AsArray().Where(span => (string?)span!["name"] is not "Completions" && (string?)golden["state"] is not "IN_PROGRESS"))
        {
            var ours = trace.Spans.Single(other => other.Name == (string)span!["name"]! || other.Name == $"invoke_agent {span["name"]}" || other.Name == $"execute_tool {span["name"]}");
            Assert.True(JsonNode.DeepEquals(span!["inputs"], ours.Inputs), ours.Inputs?.ToJsonString());
            Assert.True(JsonNode.DeepEquals(span["outputs"], ours.Outputs), ours.Outputs?.ToJsonString());
            Assert.Equal((string?)span["status"] is "STATUS_CODE_ERROR", ours.Status is "STATUS_CODE_ERROR");
            Assert.Equal(span["parent"] is null, ours.ParentId is null);
            Assert.Equal(span["events"]!.AsArray().Select(happened => (string?)happened!["name"]), ours.Events.Select(happened => happened.Name));
        }
    }

    /// <summary>The same feedback and expectations, read back from the trace.</summary>
    private static async Task AssessAsync(MlflowClient client, StoredTrace trace, JsonArray assessments, CancellationToken cancellationToken)
    {
        foreach (var golden in assessments)
        {
            var source = new MlflowAssessmentSource { Type = (string)golden!["source"]!["source_type"]!, Id = (string?)golden["source"]!["source_id"] };
            var span = golden["span"] is null ? null : Convert.ToHexStringLower(Convert.FromBase64String(trace.Root.Id));
            var kept = (string?)golden["kind"] == "feedback"
                ? await client.LogFeedbackAsync(
                    trace.Id,
                    new MlflowFeedback { Name = (string)golden["name"]!, Value = golden["value"]?.DeepClone(), Source = source, Rationale = (string?)golden["rationale"], SpanId = span },
                    cancellationToken)
                : await client.LogExpectationAsync(trace.Id, new MlflowExpectation { Name = (string)golden["name"]!, Value = golden["value"]!.DeepClone(), Source = source, SpanId = span }, cancellationToken);
            Assert.True(JsonNode.DeepEquals(golden["value"], kept.Value));
        }

        var read = (await client.GetTraceAsync(trace.Id, cancellationToken))!.Assessments;
        Assert.Equal(
            assessments.Select(golden => ((string?)golden!["name"], (string?)golden["kind"] == "feedback", (string?)golden["rationale"], golden["span"] is null, (string?)golden["source"]!["source_id"])),
            read.Select(kept => (kept.Name, kept.IsFeedback, kept.Rationale, kept.SpanId is null, kept.Source!.Id)));
    }

    private static JsonNode? Inputs(GoldenScenario scenario, int span) => scenario.Golden[0]["spans"]![span]!["inputs"]?.DeepClone();

    private static JsonNode? Outputs(GoldenScenario scenario, int span) => scenario.Golden[0]["spans"]![span]!["outputs"]?.DeepClone();
}
