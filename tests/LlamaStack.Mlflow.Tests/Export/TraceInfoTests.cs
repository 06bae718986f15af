using System.Reflection;
using System.Reflection.Emit;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using LlamaStack.Testing;

namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>StartTraceV3 follows the spans only where it adds something: it costs the server as much as five traces.</summary>
[Collection(nameof(Tracing))]
public sealed class TraceInfoTests
{
    public static TheoryData<string, Action> Additions() => new()
    {
        { "metadata", () => LlamaStackTrace.SetMetadata("team", "blue") },
        { "client request id", () => LlamaStackTrace.SetClientRequestId("req-1") },
        { "request preview", () => LlamaStackTrace.SetRequestPreview("in short") },
        { "response preview", () => LlamaStackTrace.SetResponsePreview("in short") },
    };

    public static TheoryData<string, Action> AttributesWillDo() => new()
    {
        { "name", () => LlamaStackTrace.SetName("my name") },
        { "session", () => LlamaStackTrace.SetSession("s-1") },
        { "user", () => LlamaStackTrace.SetUser("u-1") },
        { "tag", () => LlamaStackTrace.SetTag("env", "test") },
    };

    [Theory]
    [MemberData(nameof(AttributesWillDo), DisableDiscoveryEnumeration = true)]
    public async Task From_3_14_on_the_roots_attributes_say_it(string what, Action say)
    {
        await using var app = await TracedApp.StartAsync(mlflow: options => options.Version = "3.14.0");
        using (LlamaStackTrace.StartSpan("work"))
        {
            say();
            await app.AskAsync();
        }

        var trace = app.FlushedTrace();

        Assert.Empty(app.TraceInfos);
        Assert.Equal(what == "name" ? "my name" : "work", trace.Name);
        Assert.Equal(what == "session" ? "s-1" : null, trace.SessionId);
        Assert.Equal(what == "user" ? "u-1" : null, trace.User);
        Assert.Equal(what == "tag" ? "test" : null, trace.Tags.GetValueOrDefault("env"));
    }

    [Theory]
    [MemberData(nameof(Additions), DisableDiscoveryEnumeration = true)]
    public async Task What_no_attribute_can_say_goes_by_StartTraceV3(string what, Action say)
    {
        await using var app = await TracedApp.StartAsync();
        using (LlamaStackTrace.StartSpan("work"))
        {
            say();
            await app.AskAsync();
        }

        var trace = app.FlushedTrace();

        Assert.Single(app.TraceInfos);
        Assert.Equal("work", trace.Name);
        Assert.Equal("OK", trace.State);
        Assert.Equal(what == "metadata" ? "blue" : null, trace.Metadata.GetValueOrDefault("team"));
        Assert.Equal(what == "client request id" ? "req-1" : null, trace.ClientRequestId);
        Assert.Equal(what == "request preview" ? "in short" : "Hello?", trace.RequestPreview);
        Assert.Equal(what == "response preview", trace.ResponsePreview == "in short");
    }

    [Theory]
    [InlineData("3.7.0")]
    [InlineData("3.8.0")]
    [InlineData("3.10.0")]
    [InlineData("3.12.0")]
    [InlineData("3.13.0")]
    public async Task An_older_server_gets_it_with_every_trace_and_then_knows_the_same(string version)
    {
        await using var app = await TracedApp.StartAsync(mlflow: options => options.Version = version);
        using (LlamaStackTrace.StartSpan("work"))
        {
            LlamaStackTrace.SetSession("s-1");
            LlamaStackTrace.SetUser("u-1");
            LlamaStackTrace.SetTag("env", "test");
            await app.AskAsync("One?");
            await app.AskAsync("Two?");
        }

        var trace = app.FlushedTrace();

        Assert.Single(app.TraceInfos);
        Assert.Equal("work", trace.Name);
        Assert.Equal("s-1", trace.SessionId);
        Assert.Equal("u-1", trace.User);
        Assert.Equal("test", trace.Tags["env"]);
        Assert.Equal("One?", trace.RequestPreview);
        Assert.Equal(trace.Spans.Skip(1).Sum(span => (long)span.Attributes["mlflow.chat.tokenUsage"]!["total_tokens"]!), trace.TokenUsage["total_tokens"]);
        Assert.Equal("", app.Counts.Dropped);
        Assert.DoesNotContain(app.Logs.All, line => line.EventId is 2014 or 2013);
    }

    [Fact]
    public async Task Its_body_holds_texts_and_no_nulls()
    {
        await using var app = await TracedApp.StartAsync(mlflow: options => options.Version = "3.12.0");
        using (LlamaStackTrace.StartSpan("work"))
        {
            LlamaStackTrace.SetMetadata("team", "blue");
            LlamaStackTrace.SetClientRequestId("r");
            await app.AskAsync();
        }

        app.Flush();

        var info = Assert.Single(app.TraceInfos).ReadJson()!["trace"]!["trace_info"]!;
        Assert.Equal(Assert.Single(app.TraceInfos).Body.Length, int.Parse(Assert.Single(app.TraceInfos).Headers["Content-Length"], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal("application/json", Assert.Single(app.TraceInfos).Headers["Content-Type"]);
        Assert.All(Leaves(info), leaf => Assert.Equal(JsonValueKind.String, leaf?.GetValueKind()));
        Assert.EndsWith("Z", (string?)info["request_time"], StringComparison.Ordinal);
        Assert.EndsWith("s", (string?)info["execution_duration"], StringComparison.Ordinal);
        Assert.Equal("OK", (string?)info["state"]);
        Assert.Equal("MLFLOW_EXPERIMENT", (string?)info["trace_location"]!["type"]);
        Assert.Equal("0", (string?)info["trace_location"]!["mlflow_experiment"]!["experiment_id"]);
    }

    [Theory]
    [InlineData("completions")]
    [InlineData("responses")]
    [InlineData("embeddings")]
    public async Task A_call_whose_preview_MLflow_would_show_as_JSON_gets_one_in_words(string api)
    {
        await using var app = await TracedApp.StartAsync();
        switch (api)
        {
            case "responses":
                await app.Client.CreateResponseAsync(new ResponseRequest { Model = "demo/llama", Input = "A question?" }, Limit.Token);
                break;
            case "embeddings":
                await app.Client.CreateEmbeddingsAsync(new EmbeddingsRequest { Model = "demo/embed", Input = new[] { "A question?" } }, Limit.Token);
                break;
            default:
                await Raw.PostAsync(app, "/v1/completions", """{"model":"demo/llama","prompt":"A question?"}""");
                break;
        }

        var trace = app.FlushedTrace();

        Assert.Equal("A question?", trace.RequestPreview);
        Assert.False(trace.ResponsePreview!.StartsWith('{'), trace.ResponsePreview);
    }

    [Fact]
    public async Task Limits_of_the_server_are_kept()
    {
        await using var app = await TracedApp.StartAsync();
        using (var span = LlamaStackTrace.StartSpan("work"))
        {
            LlamaStackTrace.SetName(new string('n', 5000));
            LlamaStackTrace.SetSession(new string('s', 300));
            LlamaStackTrace.SetUser(new string('u', 300));
            LlamaStackTrace.SetTag(new string('t', 300), new string('v', 9000));
            LlamaStackTrace.SetMetadata(new string('m', 300), new string('v', 9000));
            LlamaStackTrace.SetClientRequestId(new string('c', 80));
            LlamaStackTrace.SetRequestPreview(new string('q', 2000));
            LlamaStackTrace.SetResponsePreview(new string('a', 2000));
        }

        var trace = app.FlushedTrace();

        Assert.Equal(4096, trace.Name!.Length);
        Assert.Equal(250, trace.SessionId!.Length);
        Assert.Equal(250, trace.User!.Length);
        Assert.Equal(8000, trace.Tags[new string('t', 250)].Length);
        Assert.Equal(8000, trace.Metadata[new string('m', 250)].Length);
        Assert.Equal(50, trace.ClientRequestId!.Length);
        Assert.Equal(1000, trace.RequestPreview!.Length);
        Assert.Equal(1000, trace.ResponsePreview!.Length);
    }

    [Theory]
    [InlineData("session.id")]
    [InlineData("user.id")]
    [InlineData("gen_ai.conversation.id")]
    public async Task An_attribute_of_any_span_that_is_too_long_for_the_server_does_not_cost_the_trace(string key)
    {
        await using var app = await TracedApp.StartAsync();
        using (LlamaStackTrace.StartSpan("work"))
        {
            using var inner = LlamaStackTrace.StartSpan("inner").SetAttribute(key, new string('x', 300));
        }

        var trace = app.FlushedTrace();

        Assert.Equal(250, ((string?)trace.Spans[1].Attributes[key])!.Length);
        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task One_that_fails_leaves_the_trace_and_says_so_once()
    {
        await using var app = await TracedApp.StartAsync(mlflow: options => options.Version = "3.12.0");
        app.Mlflow.FailNext(501, "no", count: 3, path: "/api/3.0/mlflow/traces");

        for (var number = 0; number < 3; number++)
        {
            await app.AskAsync();
        }

        app.Flush();

        Assert.Equal(3, app.Mlflow.Traces.Count);
        Assert.Equal("", app.Counts.Dropped);
        Assert.Single(app.Logs.Of(2014));
    }

    [Fact]
    public async Task One_that_meets_a_busy_server_is_sent_again()
    {
        await using var app = await TracedApp.StartAsync();
        app.Mlflow.FailNext(503, "busy", path: "/api/3.0/mlflow/traces");
        using (LlamaStackTrace.StartSpan("work"))
        {
            LlamaStackTrace.SetMetadata("team", "blue");
        }

        app.Flush();

        Assert.Equal("blue", Assert.Single(app.Mlflow.Traces).Metadata["team"]);
        Assert.Empty(app.Logs.Of(2014));
    }

    [Theory]
    [InlineData("3.18.0")]
    [InlineData("3.7.0")]
    public async Task Links_are_told_once_the_spans_are_there_and_again_where_the_server_is_busy(string version)
    {
        await using var app = await TracedApp.StartAsync(options => options.RunId = "run-1", mlflow: options => options.Version = version);
        app.Mlflow.FailNext(503, "busy", path: "/api/2.0/mlflow/traces/link-prompts");
        app.Mlflow.FailNext(503, "busy", path: "/api/2.0/mlflow/traces/link-to-run");
        using (LlamaStackTrace.StartSpan("work"))
        {
            LlamaStackTrace.LinkPrompt("greeting", 2);
        }

        app.Flush();

        var trace = Assert.Single(app.Mlflow.Traces);
        Assert.Equal(["greeting/2"], trace.LinkedPrompts);
        Assert.Equal(["run-1"], trace.LinkedRuns);
        Assert.Equal("""[{"name":"greeting","version":"2"}]""", trace.Tags["mlflow.linkedPrompts"]);
        Assert.Equal(version == "3.7.0" ? 1 : 0, app.TraceInfos.Count);
        Assert.Empty(app.Logs.Of(2014));
    }

    [Fact]
    public async Task A_run_is_told_of_all_traces_of_a_batch_at_once()
    {
        await using var app = await TracedApp.StartAsync(options => (options.RunId, options.ExportInterval) = ("run-1", TimeSpan.FromMinutes(1)));
        for (var number = 0; number < 5; number++)
        {
            await app.AskAsync();
        }

        app.Flush();

        Assert.Single(app.Mlflow.Requests, request => request.Path.EndsWith("/link-to-run", StringComparison.Ordinal));
        Assert.All(app.Mlflow.Traces, trace => Assert.Equal(["run-1"], trace.LinkedRuns));
        Assert.Equal(5, app.Mlflow.Traces.Count);
    }

    [Fact]
    public async Task The_source_goes_along_where_a_trace_is_told_of_anyway_and_with_all_where_that_is_asked_for()
    {
        await using (var app = await TracedApp.StartAsync())
        {
            await app.AskAsync();
            using (LlamaStackTrace.StartSpan("work"))
            {
                LlamaStackTrace.SetMetadata("mlflow.source.name", "mine");
            }

            app.Flush();
            Assert.Equal([null, "mine"], app.Mlflow.Traces.Select(trace => trace.Metadata.GetValueOrDefault("mlflow.source.name")));
            Assert.Equal([null, "LOCAL"], app.Mlflow.Traces.Select(trace => trace.Metadata.GetValueOrDefault("mlflow.source.type")));
        }

        await using (var app = await TracedApp.StartAsync(options => options.IncludeSource = true))
        {
            await app.AskAsync();
            Assert.Equal("LOCAL", app.FlushedTrace().Metadata["mlflow.source.type"]);
        }
    }

    [Fact]
    public void A_program_tells_its_path_and_the_commit_that_it_was_built_from()
    {
        const string Commit = "0123456789abcdef0123456789abcdef01234567";
        var told = TraceSource.Of(Program($"1.2.0-beta+{Commit}"), ["/app/orders.dll", "--urls", "http://localhost"]);

        Assert.Equal(
            new Dictionary<string, string>
            {
                ["mlflow.source.name"] = "/app/orders.dll",
                ["mlflow.source.type"] = "LOCAL",
                ["mlflow.source.git.commit"] = Commit,
            },
            told);
        Assert.Equal("orders", TraceSource.Of(Program("1.2.0+build7"), [])["mlflow.source.name"]);
        Assert.DoesNotContain("mlflow.source.git.commit", TraceSource.Of(Program("1.2.0+build7"), []).Keys);
        Assert.Equal(["mlflow.source.name", "mlflow.source.type"], TraceSource.Of(null, []).Keys);

        static AssemblyBuilder Program(string version)
        {
            var program = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("orders"), AssemblyBuilderAccess.RunAndCollect);
            program.SetCustomAttribute(new CustomAttributeBuilder(typeof(AssemblyInformationalVersionAttribute).GetConstructor([typeof(string)])!, [version]));
            return program;
        }
    }

    private static IEnumerable<JsonNode?> Leaves(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => Leaves(member.Value)),
        JsonArray elements => elements.SelectMany(Leaves),
        _ => [node],
    };
}
