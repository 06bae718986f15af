using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.IntegrationTests;

/// <summary>Spans that cost a real MLflow's whole request, or are lost without a word: neither may happen to the traces beside them, nor to the application.</summary>
[Collection(nameof(InProcessTracing))]
public sealed class BadSpanTests(PeersFixture peers)
{
    private static readonly ActivitySource _source = new(LlamaStackDiagnostics.SourceName);

    private static readonly Dictionary<string, Action<Activity>> _spoilings = new()
    {
        ["a cost that is no number"] = span => span.SetTag("mlflow.llm.cost", """{"input_cost":NaN,"output_cost":0,"total_cost":NaN}"""),
        ["a cost that is text"] = span => span.SetTag("mlflow.llm.cost", "cheap"),
        ["a cost with members of text"] = span => span.SetTag("mlflow.llm.cost", """{"input_cost":"1","output_cost":"2","total_cost":"3"}"""),
        ["a cost that is a number"] = span => span.SetTag("mlflow.llm.cost", 0.5),
        ["a session of 300 characters"] = _ => LlamaStackTrace.SetSession(new string('s', 300)),
        ["an attribute that names a session of 300 characters"] = span => span.SetTag("session.id", new string('s', 300)),
        ["a conversation of 300 characters"] = span => span.SetTag("gen_ai.conversation.id", new string('s', 300)),
        ["a user of 300 characters"] = _ => LlamaStackTrace.SetUser(new string('u', 300)),
        ["tokens as text"] = span => span.SetTag("mlflow.chat.tokenUsage", """{"input_tokens":"1","output_tokens":"2","total_tokens":"3"}"""),
        ["tokens of the convention as text"] = span => span.SetTag("gen_ai.usage.input_tokens", "12").SetTag("gen_ai.usage.output_tokens", "many"),
        ["tokens with a fraction"] = span => span.SetTag("gen_ai.usage.input_tokens", 1.5).SetTag("gen_ai.usage.output_tokens", double.NaN),
        ["half a surrogate pair"] = span =>
        {
            span.DisplayName = "broken \ud800 name";
            span.SetTag("text", "broken \udc00 text").SetTag("key \ud800", "x").SetTag("mlflow.spanInputs", "{\"q\":\"\ud83d\"}").SetStatus(ActivityStatusCode.Error, "broken \ud800 words");
            LlamaStackTrace.SetTag("broken \ud800 tag", "\udc00");
            LlamaStackTrace.SetSession("\ud800");
        },
        ["a character that no database likes"] = span => span.SetTag("text", "a\0b").SetTag("mlflow.spanOutputs", "\0"),
        ["10 MB in an attribute"] = span => span.SetTag("text", new string('x', 10_000_000)),
        ["10,000 spans"] = _ =>
        {
            for (var number = 0; number < 10_000; number++)
            {
                _source.StartActivity("step")?.Dispose();
            }
        },
        ["parents in a circle"] = span =>
        {
            using var child = _source.StartActivity("child")!;
            using var grandchild = _source.StartActivity("grandchild")!;
            SetParent(child, grandchild.SpanId);
        },
        ["a span that is its own parent"] = span =>
        {
            using var child = _source.StartActivity("child")!;
            SetParent(child, child.SpanId);
        },
        ["a clock that goes backwards"] = span =>
        {
            using var child = _source.StartActivity("child")!;
            child.SetStartTime(span.StartTimeUtc.AddHours(-1));
            child.SetEndTime(span.StartTimeUtc.AddHours(-2));
        },
        ["times before all time"] = span => span.SetStartTime(DateTime.MinValue.ToUniversalTime()),
        ["times after all time"] = span =>
        {
            span.SetStartTime(DateTime.MaxValue.ToUniversalTime().AddDays(-1));
            span.SetEndTime(DateTime.MaxValue.ToUniversalTime());
        },
        ["an id of the server's own"] = span => span.SetTag("mlflow.traceRequestId", "mine"),
        ["a name of 5,000 characters"] = _ => LlamaStackTrace.SetName(new string('n', 5000)),
        ["a tag too long in key and value"] = _ => LlamaStackTrace.SetTag(new string('k', 300), new string('v', 9000)),
        ["metadata too long in key and value"] = _ => LlamaStackTrace.SetMetadata(new string('k', 300), new string('v', 9000)),
        ["a request id of 300 characters"] = _ => LlamaStackTrace.SetClientRequestId(new string('r', 300)),
        ["values of strange types"] = span => span.SetTag("bytes", new byte[] { 0, 1 }).SetTag("nan", double.NaN).SetTag("infinite", float.NegativeInfinity).SetTag("object", new object()).SetTag("null", null).SetTag("big", ulong.MaxValue).SetTag("list", new object?[] { 1, "a", null, double.NaN }),
        ["a type, a model and a status of nonsense"] = span => span.SetTag("mlflow.spanType", new string('T', 600)).SetTag("mlflow.llm.model", new string('m', 9000)).SetTag("gen_ai.operation.name", 7).SetStatus((ActivityStatusCode)7),
        ["JSON that is none"] = span => span.SetTag("mlflow.spanInputs", "{\"q\":").SetTag("mlflow.chat.tools", "[").SetTag("mlflow.chat.messages", "{}").SetTag("mlflow.message.format", "openai"),
        ["JSON too deep"] = span => span.SetTag("mlflow.spanInputs", new string('[', 2000) + new string(']', 2000)),
    };

    public static TheoryData<string> Spoilings => [.. _spoilings.Keys];

    /// <summary>One by one, as a drill: <see cref="All_bad_spans_in_one_request"/> fails for each of them, and does not say for which.</summary>
    [Theory]
    [Trait("Category", "Drill")]
    [MemberData(nameof(Spoilings))]
    public async Task The_traces_beside_a_bad_span_arrive_and_so_does_its_own(string spoiling)
    {
        Assert.SkipUnless(Drill.IsWanted, Drill.Skipped);
        var mlflow = await peers.MlflowAsync();
        await AssertAllArriveAsync(mlflow.Address, spoiling);
    }

    [Theory]
    [MemberData(nameof(Spoilings))]
    public async Task And_on_the_stand_in(string spoiling)
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await AssertAllArriveAsync(mlflow.Endpoint, spoiling);
    }

    [Fact]
    public async Task All_bad_spans_in_one_request()
    {
        var mlflow = await peers.MlflowAsync();
        await AssertAllArriveAsync(mlflow.Address, [.. _spoilings.Keys]);
    }

    [Fact]
    public async Task A_span_without_ids_is_left_out_and_nothing_else()
    {
        var mlflow = await peers.MlflowAsync();
        await using var app = App(mlflow.Address, out var experiment);
        Work("before");
        using (var span = _source.CreateActivity("no ids", ActivityKind.Internal, "|of.another.time.", idFormat: ActivityIdFormat.Hierarchical))
        {
            Assert.Equal(default, span?.Start().TraceId);
        }

        Work("after");

        Assert.Equal(["after", "before"], (await ArrivedAsync(app, experiment)).Select(trace => trace.Name).Order(StringComparer.Ordinal));
    }

    private static async Task AssertAllArriveAsync(Uri mlflow, params string[] spoilings)
    {
        await using var app = App(mlflow, out var experiment);
        Work("before");
        List<string> bad = [];
        foreach (var spoiling in spoilings)
        {
            using var span = LlamaStackTrace.StartSpan("bad");
            bad.Add(span.TraceId!);
            _spoilings[spoiling](span.Activity!);
        }

        Work("after");

        var arrived = await ArrivedAsync(app, experiment);

        Assert.All(["before", "after"], name => Assert.Equal(("OK", "work"), (arrived.Single(trace => trace.Name == name).State, arrived.Single(trace => trace.Name == name).Spans!.Single(span => span.ParentSpanId is null).Attributes["kind"]?.ToString())));
        Assert.Equal(bad.Order(), arrived.Where(trace => trace.Name is not ("before" or "after")).Select(trace => trace.TraceId).Order());
        Assert.All(arrived, trace => Assert.NotEqual("IN_PROGRESS", trace.State));
    }

    /// <summary>All in one request: it leaves with the flush.</summary>
    private static ServiceProvider App(Uri mlflow, out string experiment)
    {
        var name = experiment = string.Create(CultureInfo.InvariantCulture, $"bad-{Guid.NewGuid():N}");
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddLlamaStack().WithMlflowTracing(options =>
        {
            options.TrackingUri = mlflow;
            options.ExperimentName = name;
            options.ExportInterval = TimeSpan.FromMinutes(1);
        });
        var provider = services.BuildServiceProvider();
        provider.GetRequiredService<TracerProvider>();
        return provider;
    }

    private static void Work(string name)
    {
        using var span = LlamaStackTrace.StartSpan(name);
        span.SetAttribute("kind", "work");
    }

    private static async Task<IReadOnlyList<MlflowTrace>> ArrivedAsync(ServiceProvider app, string experiment)
    {
        Assert.True(app.GetRequiredService<TracerProvider>().ForceFlush(60_000));
        var client = app.GetRequiredService<MlflowClient>();
        var id = (await client.GetExperimentByNameAsync(experiment, TestContext.Current.CancellationToken))!.Id;
        var infos = await client.SearchTracesAsync(id, cancellationToken: TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        return await client.GetTracesWithSpansAsync(infos.Select(trace => trace.TraceId), TestContext.Current.CancellationToken);
    }

    /// <summary>What no public member allows, and a broken library may still do.</summary>
    private static void SetParent(Activity activity, ActivitySpanId parent) =>
        typeof(Activity).GetField("_parentSpanId", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(activity, parent.ToHexString());
}
