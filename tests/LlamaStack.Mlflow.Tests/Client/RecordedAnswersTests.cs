using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlamaStack.Testing;

namespace LlamaStack.Mlflow.Tests.Client;

/// <summary>The client against what a real MLflow 3.18.0 was heard to answer.</summary>
public sealed class RecordedAnswersTests : IAsyncLifetime
{
    private const string TraceId = "tr-5b8efff798038103d269b633813fc60c";

    private MlflowTestServer _server = null!;
    private HttpClient _http = null!;
    private MlflowClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        _http = new HttpClient { BaseAddress = new Uri(_server.Endpoint, "/") };
        _client = new MlflowClient(_http);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Version()
    {
        _server.Enqueue(Recording.Read("version.json"));

        Assert.Equal(new Version(3, 18, 0), await _client.GetVersionAsync(Limit.Token));
    }

    [Fact]
    public async Task Server_info()
    {
        _server.Enqueue(Recording.Read("server-info.json"));
        _server.Enqueue(Recording.Read("filestore-server-info.json"));

        Assert.Equal("SqlStore", (await _client.GetServerInfoAsync(Limit.Token))?.StoreType);
        Assert.Equal("FileStore", (await _client.GetServerInfoAsync(Limit.Token))?.StoreType);
    }

    [Theory]
    [InlineData("experiments-get.json", "7", "my-app", "active")]
    [InlineData("experiments-get-by-name.json", "7", "my-app", "active")]
    [InlineData("experiments-get-by-name-deleted.json", null, null, "deleted")]
    public async Task Experiments(string file, string? id, string? name, string stage)
    {
        _server.Enqueue(Recording.Read(file) with { Path = null });

        var experiment = await _client.GetExperimentByNameAsync("any", Limit.Token);

        Assert.Equal(stage, experiment!.LifecycleStage);
        Assert.Equal(id ?? experiment.Id, experiment.Id);
        Assert.Equal(name ?? experiment.Name, experiment.Name);
    }

    [Theory]
    [InlineData("experiments-get-by-name-unknown.json")]
    [InlineData("traces-get-info-unknown.json")]
    public async Task What_is_not_there(string file)
    {
        _server.Enqueue(Recording.Read(file) with { Path = null });
        _server.Enqueue(Recording.Read(file) with { Path = null });

        Assert.Null(await _client.GetExperimentByNameAsync("any", Limit.Token));
        Assert.Null(await _client.GetTraceAsync("tr-any", Limit.Token));
    }

    [Theory]
    [InlineData("experiments-create-name-taken.json")]
    [InlineData("experiments-create-name-of-deleted.json")]
    public async Task A_name_that_is_taken_is_looked_up_again_and_the_servers_SQL_is_not_shown(string file)
    {
        var isDeleted = file.Contains("deleted", StringComparison.Ordinal);
        _server.Enqueue(Recording.Read("experiments-get-by-name-unknown.json") with { Path = null });
        _server.Enqueue(Recording.Read(file));
        _server.Enqueue(Recording.Read(isDeleted ? "experiments-get-by-name-deleted.json" : "experiments-get-by-name.json") with { Path = null });

        if (isDeleted)
        {
            var failure = await Assert.ThrowsAsync<MlflowException>(() => _client.GetOrCreateExperimentAsync("any", Limit.Token));
            Assert.DoesNotContain("INSERT INTO", failure.ToString(), StringComparison.Ordinal);
            Assert.Contains("mlflow experiments restore", failure.Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal("7", (await _client.GetOrCreateExperimentAsync("any", Limit.Token)).Id);
        }
    }

    [Fact]
    public async Task A_created_experiment()
    {
        _server.Enqueue(Recording.Read("experiments-get-by-name-unknown.json") with { Path = null });
        _server.Enqueue(Recording.Read("experiments-create.json"));

        var experiment = await _client.GetOrCreateExperimentAsync("my-app", Limit.Token);

        Assert.Equal((string?)Recording.BodyOf("experiments-create.json")["experiment_id"], experiment.Id);
        Assert.Equal("my-app", (string?)_server.Requests[^1].ReadJson()!["name"]);
    }

    [Theory]
    [InlineData("traces-get-info.json")]
    [InlineData("traces-get-info-after-otlp.json")]
    public async Task A_trace(string file)
    {
        _server.Enqueue(Recording.Read(file));
        var recorded = Recording.BodyOf(file)["trace"]!["trace_info"]!;

        var trace = await _client.GetTraceAsync(TraceId, Limit.Token);

        Assert.Equal(TraceId, trace!.TraceId);
        Assert.Equal("OK", trace.State);
        Assert.Equal("7", trace.ExperimentId);
        Assert.Equal((string?)recorded["request_preview"], trace.RequestPreview);
        Assert.Equal((string?)recorded["tags"]!["mlflow.traceName"], trace.Name);
        Assert.Equal(307, trace.TokenUsage!.Total);
        Assert.Equal(recorded["trace_metadata"]!.AsObject().Count, trace.Metadata.Count);
    }

    [Fact]
    public async Task A_trace_that_was_told_whole()
    {
        _server.Enqueue(Recording.Read("traces-get-info.json"));

        var trace = await _client.GetTraceAsync(TraceId, Limit.Token);

        Assert.Equal(("session-1", "user-1", "req-1", "ask"), (trace!.Session, trace.User, trace.ClientRequestId, trace.Name));
        Assert.Equal(TimeSpan.FromSeconds(1.234), trace.Duration);
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, 123, TimeSpan.Zero), trace.RequestTime);
        Assert.Equal(new MlflowTokenUsage(280, 27, 307), trace.TokenUsage);
    }

    [Fact]
    public async Task Two_pages_of_a_search()
    {
        _server.Enqueue(Recording.Read("traces-search-page-1.json"));
        _server.Enqueue(Recording.Read("traces-search-page-2.json"));

        var traces = await _client.SearchTracesAsync("7", pageSize: 1, cancellationToken: Limit.Token).ToListAsync(Limit.Token);

        Assert.Equal(2, traces.Select(trace => trace.TraceId).Distinct().Count());
        Assert.True(JsonNode.DeepEquals(Recording.RequestOf("traces-search-page-1.json"), _server.Requests[0].ReadJson()), _server.Requests[0].BodyText);
        Assert.True(JsonNode.DeepEquals(Recording.RequestOf("traces-search-page-2.json"), _server.Requests[1].ReadJson()), _server.Requests[1].BodyText);
    }

    [Fact]
    public async Task A_search_that_finds_nothing()
    {
        _server.Enqueue(Recording.Read("traces-search-nothing.json"));

        Assert.Empty(await _client.SearchTracesAsync("7", cancellationToken: Limit.Token).ToListAsync(Limit.Token));
    }

    [Fact]
    public async Task A_filter_that_the_server_does_not_understand_is_told_with_its_words()
    {
        _server.Enqueue(Recording.Read("traces-search-bad-filter.json"));

        var failure = await Assert.ThrowsAsync<MlflowException>(async () => await _client.SearchTracesAsync("7", "state = 'OK'", cancellationToken: Limit.Token).ToListAsync(Limit.Token));

        Assert.Equal((HttpStatusCode.BadRequest, "INVALID_PARAMETER_VALUE"), (failure.StatusCode, failure.ErrorCode));
        Assert.Contains(((string)Recording.BodyOf("traces-search-bad-filter.json")["message"]!)[..40], failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("traces-start-v3-unknown-experiment.json")]
    [InlineData("traces-start-v3-deleted-experiment.json")]
    public async Task StartTraceV3_that_is_refused(string file)
    {
        _server.Enqueue(Recording.Read(file));
        var info = new StartTraceInfo("tr-1", TraceLocation.Of("7"), "2026-01-01T00:00:00Z", "1s", "OK", null, null, null, new Dictionary<string, string>(), new Dictionary<string, string>());

        var failure = await Assert.ThrowsAsync<MlflowException>(() => _client.StartTraceAsync(info, Limit.Token));

        Assert.Equal((int)Recording.Read(file).Status, (int)failure.StatusCode!);
    }

    [Theory]
    [InlineData("traces-get-info.json", "trace.trace_info")]
    [InlineData("traces-get-info-after-otlp.json", "trace.trace_info")]
    [InlineData("traces-get-tool-chat.json", "trace.trace_info")]
    [InlineData("traces-get-error.json", "trace.trace_info")]
    public void A_trace_that_is_read_and_written_keeps_what_this_library_does_not_know(string file, string path)
    {
        var recorded = path.Split('.').Aggregate(Recording.BodyOf(file), (node, name) => node[name]!);
        recorded["of_tomorrow"] = JsonNode.Parse("""{"a":[1,{"b":null}]}""");

        var trace = recorded.Deserialize<MlflowTrace>()!;
        var written = JsonSerializer.SerializeToNode(trace)!;

        Assert.Equal((DateTimeOffset)recorded["request_time"]!, (DateTimeOffset)written["request_time"]!);
        Assert.All(recorded.AsObject().Where(member => member.Key != "request_time"), member => Assert.True(JsonNode.DeepEquals(member.Value, written[member.Key]), $"{member.Key} became {written[member.Key]?.ToJsonString()}"));
    }

    [Fact]
    public void An_experiment_that_is_read_and_written_keeps_what_this_library_does_not_know()
    {
        var recorded = Recording.BodyOf("experiments-get.json")["experiment"]!;
        recorded["of_tomorrow"] = true;

        Assert.True(JsonNode.DeepEquals(recorded, JsonSerializer.SerializeToNode(recorded.Deserialize<MlflowExperiment>())));
    }
}
