using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Mlflow.Tests.Client;

/// <summary>Traces with spans, metrics and server info by recordings of a real MLflow 3.18.0, and what is refused before it is sent.</summary>
public sealed class TraceTests
{
    private const string TraceId = "tr-5b8efff798038103d269b633813fc60c";

    [Fact]
    public async Task Spans_are_read()
    {
        await using var recording = await RecordingClient.StartAsync();
        recording.Server.Enqueue(Recording.Read("traces-get-error.json") with { Path = null });

        var trace = (await recording.Client.GetTraceWithSpansAsync(TraceId, Limit.Token))!;

        var span = Assert.Single(trace.Spans!);
        Assert.Equal("/api/3.0/mlflow/traces/get?trace_id=" + TraceId + "&allow_partial=true", recording.Server.Requests[0].PathAndQuery);
        Assert.Equal(("7c1f8e2a9b3d4c5e6f708192a3b4c5d6", "f0e1d2c3b4a59687", "CHAT_MODEL"), (span.TraceId, span.SpanId, span.Type));
        Assert.Equal((ActivityKind.Client, ActivityStatusCode.Error, "429 Too Many Requests"), (span.Kind, span.Status, span.StatusMessage));
        Assert.Equal("NaN", (string?)span.Attributes["kind.nan"]);
        Assert.Equal("""{"k":1}""", span.Attributes["kind.kvlist"]!.ToJsonString());
        Assert.Equal("[]", span.Attributes["kind.empty_array"]!.ToJsonString());
        Assert.Null(span.Attributes["kind.unset"]);
        Assert.Equal("exception", Assert.Single(span.Events).Name);
        Assert.Equal("a1b2c3d4e5f60718", Assert.Single(span.Links).SpanId);
        Assert.Equal(TimeSpan.FromMilliseconds(50), span.EndTime - span.StartTime);
    }

    [Theory]
    [InlineData("traces-get-tool-chat.json")]
    [InlineData("traces-get-error.json")]
    public void Spans_that_are_read_and_written_keep_what_this_library_does_not_know(string file)
    {
        foreach (var recorded in Recording.BodyOf(file)["trace"]!["spans"]!.AsArray())
        {
            recorded!["of_tomorrow"] = JsonNode.Parse("""{"a":[1,{"b":null}]}""");

            var written = JsonSerializer.SerializeToNode(recorded.Deserialize<MlflowSpan>())!;

            // An attribute that is not a number travels as text.
            Assert.All(
                recorded.AsObject().Where(member => member.Key is not "attributes"),
                member => Assert.True(JsonNode.DeepEquals(member.Value, written[member.Key]), $"{member.Key} became {written[member.Key]?.ToJsonString()}"));
            var attributes = recorded["attributes"]!.AsArray().Where(attribute => (string?)attribute!["key"] is not "kind.nan").ToList();
            Assert.All(attributes, attribute => Assert.Contains(written["attributes"]!.AsArray(), other => JsonNode.DeepEquals(attribute, other)));
        }
    }

    [Fact]
    public void A_trace_of_which_the_server_says_little_has_nothing_missing()
    {
        var trace = JsonSerializer.Deserialize("""{"trace_id":"tr-1"}""", MlflowJsonContext.Default.MlflowTrace)!;

        Assert.Empty(trace.Tags);
        Assert.Empty(trace.Metadata);
        Assert.Empty(trace.Assessments);
        Assert.Null(trace.Session ?? trace.Name ?? trace.User);
        Assert.Null(trace.Cost);
        Assert.Null(trace.TokenUsage);
    }

    [Fact]
    public void Cost_and_cached_tokens_are_read()
    {
        var trace = JsonSerializer.Deserialize<MlflowTrace>(
            """{"trace_id":"tr-1","trace_metadata":{"mlflow.trace.cost":"{\"input_cost\": 0.5, \"output_cost\": 1, \"total_cost\": 1.5}","mlflow.trace.tokenUsage":"{\"input_tokens\": 5, \"output_tokens\": 1, \"total_tokens\": 6, \"cache_read_input_tokens\": 4}"}}""")!;

        Assert.Equal(new MlflowCost(0.5, 1, 1.5), trace.Cost);
        Assert.Equal(new MlflowTokenUsage(5, 1, 6) { CacheRead = 4 }, trace.TokenUsage);
    }

    [Theory]
    [InlineData("traces-metrics-tokens.json", "total_tokens", MlflowMetricsView.Traces, "SUM", null)]
    [InlineData("traces-metrics-by-span-type.json", "span_count", MlflowMetricsView.Spans, "COUNT", "span_type")]
    public async Task Metrics_are_asked_for_as_it_was_recorded(string file, string metric, MlflowMetricsView view, string aggregation, string? dimension)
    {
        await using var recording = await RecordingClient.StartAsync(file);
        var query = new MlflowMetricsQuery
        {
            ExperimentIds = ["31"],
            View = view,
            Metric = metric,
            Aggregations = [aggregation == "SUM" ? MlflowMetricAggregation.Sum : MlflowMetricAggregation.Count],
            Dimensions = dimension is null ? null : [dimension],
        };

        var points = await recording.Client.QueryTraceMetricsAsync(query, Limit.Token).ToListAsync(Limit.Token);

        Assert.True(JsonNode.DeepEquals(Recording.RequestOf(file), recording.Server.Requests[0].ReadJson()), recording.Server.Requests[0].BodyText);
        var recorded = Recording.BodyOf(file)["data_points"]!.AsArray();
        Assert.Equal(recorded.Select(point => (double)point!["values"]![aggregation]!), points.Select(point => point.Values[aggregation]));
        Assert.Equal(recorded.Select(point => (string?)point!["dimensions"]?["span_type"]), points.Select(point => point.Dimensions.GetValueOrDefault("span_type")));
    }

    [Fact]
    public async Task Percentiles_times_and_conditions_are_sent()
    {
        await using var recording = await RecordingClient.StartAsync();
        recording.Server.FailNext(200, "{}");
        var query = new MlflowMetricsQuery
        {
            ExperimentIds = ["1", "2"],
            Metric = "latency",
            Aggregations = [MlflowMetricAggregation.Percentile(99.5), MlflowMetricAggregation.Min],
            Filters = ["trace.status = 'OK'"],
            From = DateTimeOffset.UnixEpoch,
            Until = DateTimeOffset.FromUnixTimeMilliseconds(5),
            Interval = TimeSpan.FromMinutes(1),
        };

        Assert.Empty(await recording.Client.QueryTraceMetricsAsync(query, Limit.Token).ToListAsync(Limit.Token));

        Assert.Equal(
            """{"experiment_ids":["1","2"],"view_type":"TRACES","metric_name":"latency","aggregations":[{"aggregation_type":"PERCENTILE","percentile_value":99.5},{"aggregation_type":"MIN"}],"filters":["trace.status = 'OK'"],"start_time_ms":0,"end_time_ms":5,"time_interval_seconds":60}""",
            System.Text.RegularExpressions.Regex.Unescape(recording.Server.Requests[^1].BodyText));
    }

    [Fact]
    public async Task A_trace_that_is_not_there_is_told_without_the_servers_SQL()
    {
        await using var recording = await RecordingClient.StartAsync();

        var failure = await Assert.ThrowsAsync<MlflowException>(() => recording.Client.SetTraceTagAsync("tr-1", "secret", "value", Limit.Token));

        Assert.Equal((System.Net.HttpStatusCode.NotFound, "RESOURCE_DOES_NOT_EXIST"), (failure.StatusCode, failure.ErrorCode));
        Assert.DoesNotContain("INSERT", failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_to_a_run_are_made_100_at_a_time()
    {
        await using var recording = await RecordingClient.StartAsync();

        await recording.Client.LinkTracesToRunAsync("run", Enumerable.Range(0, 250).Select(number => $"tr-{number}"), Limit.Token);

        Assert.Equal([100, 100, 50], recording.Server.Requests.Select(request => request.ReadJson()!["trace_ids"]!.AsArray().Count));
    }

    [Fact]
    public async Task Nonsense_is_refused_before_it_is_sent()
    {
        await using var recording = await RecordingClient.StartAsync();
        var client = recording.Client;
        var query = new MlflowMetricsQuery { ExperimentIds = ["1"], Metric = "latency", Aggregations = [MlflowMetricAggregation.Average] };
        Func<Task>[] calls =
        [
            () => client.GetTraceWithSpansAsync("", Limit.Token),
            () => client.GetTracesWithSpansAsync(null!, Limit.Token),
            () => client.SetTraceTagAsync("tr-1", "", "v", Limit.Token),
            () => client.SetTraceTagAsync("tr-1", new string('k', 251), "v", Limit.Token),
            () => client.SetTraceTagAsync("tr-1", "k", null!, Limit.Token),
            () => client.SetTraceTagAsync("..", "k", "v", Limit.Token),
            () => client.DeleteTraceTagAsync("tr-1", "", Limit.Token),
            () => client.DeleteTracesAsync("1", [], Limit.Token),
            () => client.DeleteTracesAsync("", ["tr-1"], Limit.Token),
            () => client.DeleteTracesUntilAsync("1", DateTimeOffset.UnixEpoch, 0, Limit.Token),
            () => client.LinkTracesToRunAsync("", ["tr-1"], Limit.Token),
            () => client.GetSessionAsync("1", "", Limit.Token),
            async () => await client.SearchTracesAsync("1", orderBy: "", cancellationToken: Limit.Token).ToListAsync(Limit.Token),
            () => AskAsync(query with { ExperimentIds = [] }),
            () => AskAsync(query with { Aggregations = [] }),
            () => AskAsync(query with { Metric = "" }),
            () => AskAsync(query with { View = (MlflowMetricsView)7 }),
            () => AskAsync(query with { Interval = TimeSpan.FromMinutes(1) }),
            () => AskAsync(query with { Interval = TimeSpan.FromMilliseconds(1), From = DateTimeOffset.UnixEpoch, Until = DateTimeOffset.UnixEpoch }),
        ];

        foreach (var call in calls)
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(call);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => MlflowMetricAggregation.Percentile(101));
        Assert.Empty(recording.Server.Requests);

        async Task AskAsync(MlflowMetricsQuery wrong) => await client.QueryTraceMetricsAsync(wrong, Limit.Token).ToListAsync(Limit.Token);
    }
}
