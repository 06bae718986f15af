using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using LlamaStack.Instrumentation;
using LlamaStack.IntegrationTests.Drills;
using LlamaStack.Mlflow;

namespace LlamaStack.IntegrationTests;

/// <summary>What a running trace is linked to, where it comes from, and what it costs, as it arrives in a real MLflow and in the stand-in.</summary>
[Collection(nameof(InProcessTracing))]
public sealed class TraceLinkContractTests(PeersFixture peers)
{
    public static TheoryData<string> Servers => ServerUnderTest.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Prompts_are_linked_and_stand_on_the_page_of_traces(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var prompt = $"prompt-{Guid.NewGuid():N}";
        await server.Client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = prompt, Template = "Hi {{name}}" }, Token);
        await using var app = new DrillApp(server.Http.BaseAddress!);
        Activity.Current = null;
        string loaded, linked;
        using (var span = LlamaStackTrace.StartSpan("loads"))
        {
            loaded = span.TraceId!;
            await server.Client.LoadPromptAsync($"prompts:/{prompt}/1", Token);
        }

        using (var span = LlamaStackTrace.StartSpan("links"))
        {
            linked = span.TraceId!;
            LlamaStackTrace.LinkPrompt(prompt, 1);
            using var inner = LlamaStackTrace.StartSpan("below");
            LlamaStackTrace.LinkPrompt(prompt, 2);
            LlamaStackTrace.LinkPrompt(prompt, 1);
        }

        Assert.True(app.Flush(TimeSpan.FromMinutes(1)));

        Assert.Equal(new[] { loaded, linked }.Order(), await FoundAsync(server, app, $"prompt = '{prompt}/1'"));
        Assert.Equal([linked], await FoundAsync(server, app, $"prompt = '{prompt}/2'"));
        using var shown = JsonDocument.Parse((await server.Client.GetTraceAsync(linked, Token))!.Tags["mlflow.linkedPrompts"]);
        Assert.Equal([(prompt, "1"), (prompt, "2")], shown.RootElement.EnumerateArray().Select(link => (link.GetProperty("name").GetString(), link.GetProperty("version").GetString())));
        Assert.Null(app.Losses);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Runs_are_linked_by_option_by_scope_and_by_trace(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var (ofAll, ofScope, ofOne) = ($"{Guid.NewGuid():N}", $"{Guid.NewGuid():N}", $"{Guid.NewGuid():N}");
        await using var app = new DrillApp(server.Http.BaseAddress!, options => options.RunId = ofAll);
        Activity.Current = null;
        List<string> plain = [Trace(), Trace(), Trace()];
        string scoped, own;
        using (LlamaStackTrace.BeginScope(runId: ofScope))
        {
            scoped = Trace();
            own = Trace(() => LlamaStackTrace.SetRun(ofOne));
        }

        Assert.True(app.Flush(TimeSpan.FromMinutes(1)));

        Assert.Equal(plain.Order(), await FoundAsync(server, app, $"run_id = '{ofAll}'"));
        Assert.Equal([scoped], await FoundAsync(server, app, $"run_id = '{ofScope}'"));
        Assert.Equal([own], await FoundAsync(server, app, $"run_id = '{ofOne}'"));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task The_source_of_a_trace_is_told_in_the_words_of_Python(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        await using var app = new DrillApp(server.Http.BaseAddress!, options => (options.IncludeSource, options.RunId) = (true, "run-1"));
        Activity.Current = null;
        var id = Trace();

        Assert.True(app.Flush(TimeSpan.FromMinutes(1)));

        var metadata = (await server.Client.GetTraceAsync(id, Token))!.Metadata;
        Assert.Equal((Environment.GetCommandLineArgs()[0], "LOCAL", "run-1"), (metadata["mlflow.source.name"], metadata["mlflow.source.type"], metadata["mlflow.sourceRun"]));
        var built = Assembly.GetEntryAssembly()!.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        Assert.Equal(built.Split('+').ElementAtOrDefault(1), metadata.GetValueOrDefault("mlflow.source.git.commit"));
        Assert.Equal([id], await FoundAsync(server, app, $"metadata.`mlflow.source.name` = '{metadata["mlflow.source.name"]}'"));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Tags_and_metadata_of_a_scope_are_those_of_its_traces(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        await using var app = new DrillApp(server.Http.BaseAddress!);
        Activity.Current = null;
        string inside;
        using (LlamaStackTrace.BeginScope(tags: new Dictionary<string, string> { ["team"] = "blue", ["env"] = "test" }))
        using (LlamaStackTrace.BeginScope(tags: new Dictionary<string, string> { ["team"] = "red" }, metadata: new Dictionary<string, string> { ["build"] = "7" }))
        {
            inside = Trace(() => LlamaStackTrace.SetTag("env", "live"));
        }

        var outside = Trace();

        Assert.True(app.Flush(TimeSpan.FromMinutes(1)));

        var trace = (await server.Client.GetTraceAsync(inside, Token))!;
        Assert.Equal(("red", "live", "7"), (trace.Tags["team"], trace.Tags["env"], trace.Metadata["build"]));
        Assert.DoesNotContain("team", (await server.Client.GetTraceAsync(outside, Token))!.Tags.Keys);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_price_of_ones_own_makes_the_cost(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        await using var app = new DrillApp(server.Http.BaseAddress!, options => options.Prices.Add(new MlflowModelPrice { Model = "demo/llama", InputPerMillion = 0.5, OutputPerMillion = 2 }));

        await app.AskAsync("What does it cost?");

        Assert.True(app.Flush(TimeSpan.FromMinutes(1)));
        var experiment = (await server.Client.GetExperimentByNameAsync(app.Experiment, Token))!.Id;
        var trace = Assert.Single(await server.Client.SearchTracesAsync(experiment, cancellationToken: Token).ToListAsync(Token));
        Assert.Equal(DrillApp.InputTokens * 0.5e-6, trace.Cost!.Input, 1e-12);
        Assert.Equal((DrillApp.InputTokens * 0.5e-6) + (DrillApp.OutputTokens * 2e-6), trace.Cost.Total, 1e-12);
    }

    private static string Trace(Action? say = null)
    {
        using var span = LlamaStackTrace.StartSpan("work");
        say?.Invoke();
        return span.TraceId!;
    }

    private static async Task<IEnumerable<string>> FoundAsync(ServerUnderTest server, DrillApp app, string filter)
    {
        var experiment = (await server.Client.GetExperimentByNameAsync(app.Experiment, Token))!.Id;
        return (await server.Client.SearchTracesAsync(experiment, filter, cancellationToken: Token).Select(trace => trace.TraceId).ToListAsync(Token)).Order();
    }
}
