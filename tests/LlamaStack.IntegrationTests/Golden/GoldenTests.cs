using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Data.Sqlite;

namespace LlamaStack.IntegrationTests;

/// <summary>
/// What Python's autolog leaves in MLflow for an exchange, ours leaves, too: the recorded exchanges replayed through our client, and both traces compared.
/// Where autolog is wrong (the table in the README of the recordings), ours must be right.
/// </summary>
/// <remarks>Scenarios come from <c>tests/fixtures/mlflow-golden</c>, or from <c>MLFLOW_GOLDEN_DIR</c>.</remarks>
[Collection(nameof(InProcessTracing))]
public sealed class GoldenTests(PeersFixture peers)
{
    /// <summary>All exchanges that get a span. What is traced by hand is in <see cref="GoldenByHandTests"/>.</summary>
    public static TheoryData<string> Scenarios() =>
        [.. GoldenScenario.All().Where(IsReplayed).Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task A_real_MLflow_tells_of_it_what_it_tells_of_autologs(string name)
    {
        var mlflow = await peers.MlflowAsync();
        var scenario = GoldenScenario.All().Single(scenario => scenario.Name == name);

        var (traces, seen) = await GoldenReplay.RunAsync(scenario, mlflow.Address, TestContext.Current.CancellationToken);

        Compare(scenario, traces, seen, priced: true);
        if (mlflow.Database is { } database)
        {
            Assert.All(traces.SelectMany(trace => trace.Spans), span => Assert.Equal(span.Type, TypeColumn(database, span)));
        }
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task The_stand_in_tells_of_it_the_same(string name)
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        var scenario = GoldenScenario.All().Single(scenario => scenario.Name == name);

        var (traces, seen) = await GoldenReplay.RunAsync(scenario, mlflow.Endpoint, TestContext.Current.CancellationToken);

        Compare(scenario, traces, seen, priced: false);
    }

    /// <summary>The oldest server, which has no prices. As a drill: it is started for this, and all scenarios take a while.</summary>
    [Theory]
    [Trait("Category", "Drill")]
    [MemberData(nameof(Scenarios))]
    public async Task An_MLflow_3_7_tells_of_it_the_same(string name)
    {
        Assert.SkipUnless(Drill.IsWanted, Drill.Skipped);
        var mlflow = await peers.OldestMlflowAsync();
        var scenario = GoldenScenario.All().Single(scenario => scenario.Name == name);

        var (traces, seen) = await GoldenReplay.RunAsync(scenario, mlflow.Address, TestContext.Current.CancellationToken);

        Compare(scenario, traces, seen, priced: false);
    }

    /// <summary>Exchanges that autolog has no eyes for.</summary>
    [Theory]
    [InlineData("moderations", "GUARDRAIL", "How do I make a weapon?", "Violent Crimes")]
    [InlineData("vector-store-search", "RETRIEVER", "updates", "US engineering update: new features deployed in the region for Q2 2023.")]
    [InlineData("responses-retrieve", "CHAIN", """{"response_id":"resp_a1b2c3d4-0000-4000-8000-000000000004"}""", "Hello!")]
    public async Task What_autolog_leaves_no_trace_of_is_a_trace_in_words(string name, string type, string asked, string answered)
    {
        var mlflow = await peers.MlflowAsync();
        var scenario = GoldenScenario.All().Single(scenario => scenario.Name == name);

        var (traces, _) = await GoldenReplay.RunAsync(scenario, mlflow.Address, TestContext.Current.CancellationToken);

        Assert.Empty(scenario.Golden);
        var trace = Assert.Single(traces);
        Assert.Equal(("OK", type, asked, answered, null), (trace.State, trace.Root.Type, trace.RequestPreview, trace.ResponsePreview, trace.TokenUsage?.ToJsonString()));
    }

    [Fact]
    public void No_scenario_is_left_out()
    {
        var unseen = typeof(GoldenTests).GetMethod(nameof(What_autolog_leaves_no_trace_of_is_a_trace_in_words))!.GetCustomAttributes<InlineDataAttribute>().Select(row => (string)row.Data[0]!);

        Assert.Equal(
            GoldenScenario.All().Where(scenario => scenario.IsOfAutolog).Select(scenario => scenario.Name),
            Scenarios().Select(row => row.Data).Concat(GoldenByHandTests.Scenarios.Select(row => row.Data)).Concat(unseen).Order(StringComparer.Ordinal));
    }

    private static bool IsReplayed(GoldenScenario scenario) =>
        scenario.IsOfAutolog
        && (scenario.Name.StartsWith("chat-", StringComparison.Ordinal) || scenario.Name.StartsWith("responses-", StringComparison.Ordinal) || scenario.Name.StartsWith("embeddings-", StringComparison.Ordinal) || scenario.Name.StartsWith("completions-", StringComparison.Ordinal))
        && scenario.Calls.All(call => (string?)call["method"] == "POST" && (string?)call["path"] is "/v1/chat/completions" or "/v1/completions" or "/v1/responses" or "/v1/embeddings");

    private static void Compare(GoldenScenario scenario, List<StoredTrace> traces, List<Exception> seen, bool priced)
    {
        var golden = scenario.Golden;

        // Autolog leaves nothing of a stream that nobody closes; ours is one trace a call.
        var expected = scenario.IsRetry ? 1 : scenario.Calls.Count;
        Assert.Equal(expected, traces.Count);
        for (var call = 0; call < expected; call++)
        {
            // Autolog's one trace of several calls is the last one's.
            var recorded = golden.Count == expected ? golden[call] : call == expected - 1 && golden.Count == 1 ? golden[0] : null;
            var truth = new Truth(scenario, scenario.IsRetry ? 1 : call);
            CompareTrace(recorded, traces[call], truth, priced);
            if (truth.Error is not null && call < seen.Count)
            {
                Assert.NotEmpty(seen);
            }
        }
    }

    private static void CompareTrace(JsonNode? golden, StoredTrace trace, Truth truth, bool priced)
    {
        var span = trace.Root;

        // Autolog has no spans for the tools that a server runs itself.
        Assert.All(trace.Spans.Where(below => below != span), tool =>
        {
            Assert.Equal(span.Id, tool.ParentId);
            Assert.True(tool.Type is "TOOL" or "RETRIEVER", tool.Type);
        });
        Assert.False(string.IsNullOrEmpty(trace.Name));
        Assert.Equal(truth.Error is null ? "OK" : "ERROR", trace.State);
        Assert.Equal("llama_stack", (string?)span["gen_ai.provider.name"]);
        Assert.Equal("llama_stack", (string?)span["mlflow.llm.provider"]);
        AssertInputs(truth.Request, span.Inputs, "inputs");
        if (truth.Error is { } error)
        {
            Assert.Equal("STATUS_CODE_ERROR", span.Status);
            Assert.Contains(error, span.StatusMessage, StringComparison.Ordinal);
            Assert.Contains(span.Events, happened => happened.Name == "exception");
            Assert.NotNull(span["error.type"]);
        }

        if (truth.Leaving is not null)
        {
            Assert.Equal(truth.Leaving, (string?)span["llama_stack.stream.ending"]);
        }

        foreach (var text in truth.Texts)
        {
            Assert.Contains(Strings(span.Outputs), recorded => recorded.Contains(text, StringComparison.Ordinal));
        }

        if (golden is not null)
        {
            CompareWithGolden(golden, trace, span, truth, priced);
        }
    }

    private static void CompareWithGolden(JsonNode golden, StoredTrace trace, StoredSpan span, Truth truth, bool priced)
    {
        var recorded = golden["spans"]![0]!;
        Assert.Equal((string?)recorded["type"], span.Type);
        Assert.Equal((string?)recorded["model"], (string?)span["mlflow.llm.model"]);
        Assert.Equal((string?)recorded["format"], (string?)span["mlflow.message.format"]);
        Assert.Equal((string?)golden["session"], trace.Session);
        Assert.Equal((string?)golden["user"], trace.User);
        AssertPreview((string?)golden["request_preview"], trace.RequestPreview);
        if (!truth.AutologIsWrong)
        {
            AssertPreview((string?)golden["response_preview"], trace.ResponsePreview);
            AssertHolds(recorded["outputs"], span.Outputs, "outputs", isEmbedding: span.Type == "EMBEDDING");
        }

        AssertHolds(golden["token_usage"], trace.TokenUsage, "token usage");
        AssertHolds(recorded["tokens"], span["mlflow.chat.tokenUsage"], "tokens");
        AssertTools(recorded["tools"], span.Tools);
        if (priced && golden["cost"] is JsonObject cost)
        {
            foreach (var (key, value) in cost)
            {
                Assert.Equal((double)value!, (double)trace.Cost![key]!, 1e-9);
            }
        }
    }

    /// <summary>Plain text is equal; where autolog shows raw JSON, ours is words.</summary>
    private static void AssertPreview(string? golden, string? ours)
    {
        if (string.IsNullOrEmpty(golden))
        {
            return;
        }

        if (golden.StartsWith('{') && golden.Contains("\"model\"", StringComparison.Ordinal))
        {
            Assert.False(string.IsNullOrWhiteSpace(ours));
            Assert.False(ours.StartsWith('{'), ours);
        }
        else
        {
            Assert.Equal(golden, ours);
        }
    }

    /// <summary>Every member that is not null has the same value in ours, which may hold more. The vectors of embeddings are told by their size.</summary>
    private static void AssertHolds(JsonNode? golden, JsonNode? ours, string path, bool isEmbedding = false)
    {
        switch (golden)
        {
            case null:
                break;
            case JsonObject members:
                Assert.True(ours is JsonObject, $"{path} is {ours?.ToJsonString() ?? "missing"}");
                foreach (var (key, value) in members)
                {
                    if (isEmbedding && key == "embedding")
                    {
                        var count = value is JsonArray numbers ? numbers.Count : Convert.FromBase64String((string)value!).Length / sizeof(float);
                        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"[{count} numbers]"), (string?)ours![key]);
                    }
                    else
                    {
                        AssertHolds(value, ours![key], $"{path}.{key}", isEmbedding);
                    }
                }

                break;
            case JsonArray elements:
                Assert.True(ours is JsonArray others && others.Count == elements.Count, $"{path} is {ours?.ToJsonString() ?? "missing"}");
                for (var index = 0; index < elements.Count; index++)
                {
                    AssertHolds(elements[index], ours![index], $"{path}[{index}]", isEmbedding);
                }

                break;
            case JsonValue number when number.TryGetValue<double>(out var value):
                Assert.True(ours is JsonValue, $"{path} is missing");
                Assert.Equal(value, ours!.GetValue<double>(), 1e-12);
                break;
            default:
                Assert.True(JsonNode.DeepEquals(golden, ours), $"{path} is {ours?.ToJsonString() ?? "missing"}, not {golden.ToJsonString()}");
                break;
        }
    }

    /// <summary>
    /// What was asked is recorded as it was sent, but for the bytes of pictures. The typed client leaves null members out and says of a message that it is one.
    /// </summary>
    private static void AssertInputs(JsonNode? sent, JsonNode? ours, string path)
    {
        switch (sent)
        {
            case JsonObject members:
                var names = members.Where(member => member.Value is not null).Select(member => member.Key).ToHashSet();
                if (members.ContainsKey("role"))
                {
                    names.Add("type");
                }

                Assert.Subset(names, Assert.IsType<JsonObject>(ours).Select(member => member.Key).ToHashSet());
                foreach (var (key, value) in members)
                {
                    AssertInputs(value, ours[key], $"{path}.{key}");
                }

                break;
            case JsonArray elements:
                Assert.Equal(elements.Count, Assert.IsType<JsonArray>(ours).Count);
                for (var index = 0; index < elements.Count; index++)
                {
                    AssertInputs(elements[index], ours[index], $"{path}[{index}]");
                }

                break;
            case JsonValue value when value.TryGetValue<string>(out var text) && text.StartsWith("data:", StringComparison.Ordinal):
                Assert.Matches(@"^\[image/png, \d+ bytes, sha256 of its base64 [0-9a-f]{16}\.\.\.\]$", (string?)ours);
                break;
            default:
                Assert.True(JsonNode.DeepEquals(sent, ours), $"{path} is {ours?.ToJsonString() ?? "missing"}, not {sent?.ToJsonString()}");
                break;
        }
    }

    private static IEnumerable<string> Strings(JsonNode? json) => json switch
    {
        JsonObject members => members.SelectMany(member => Strings(member.Value)),
        JsonArray elements => elements.SelectMany(Strings),
        JsonValue value when value.TryGetValue<string>(out var text) => [text],
        _ => [],
    };

    /// <summary>The same names in the same order; ours may know tools that autolog does not.</summary>
    private static void AssertTools(JsonNode? golden, JsonNode? ours)
    {
        if (golden is JsonArray { Count: > 0 } tools)
        {
            Assert.Equal(tools.Select(tool => (string)tool!["function"]!["name"]!), ours!.AsArray().Select(tool => (string)tool!["function"]!["name"]!));
        }
    }

    /// <summary>The column that dashboards read, beside what the span itself says.</summary>
    private static string? TypeColumn(string database, StoredSpan span)
    {
        using var connection = new SqliteConnection($"Data Source={database};Mode=ReadOnly");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "select type from spans where span_id = $id";
        command.Parameters.AddWithValue("$id", Convert.ToHexStringLower(Convert.FromBase64String(span.Id)));
        return command.ExecuteScalar() as string;
    }
}
