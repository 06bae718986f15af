using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlamaStack.Instrumentation;
using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Mlflow.Tests.Client;

[Collection(nameof(Tracing))]
public sealed class MlflowClientTests : IAsyncLifetime
{
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

    [Theory]
    [InlineData("3.18.0", "3.18.0")]
    [InlineData("3.18.0\n", "3.18.0")]
    [InlineData("3.19.0rc1", "3.19.0")]
    [InlineData("3.18.0.dev0", "3.18.0")]
    public async Task A_version_is_read_with_or_without_what_stands_behind_it(string text, string version)
    {
        _server.FailNext(200, text, path: "/version");

        Assert.Equal(Version.Parse(version), await _client.GetVersionAsync(Limit.Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>Welcome</html>")]
    [InlineData("three")]
    public async Task Who_calls_its_version_something_else_is_no_MLflow(string text)
    {
        _server.FailNext(200, text, path: "/version");

        var failure = await Assert.ThrowsAsync<MlflowException>(() => _client.GetVersionAsync(Limit.Token));

        Assert.Contains("no MLflow server", failure.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, failure.StatusCode);
    }

    [Fact]
    public async Task An_experiment_is_found_by_name_and_by_id()
    {
        var created = await _client.GetOrCreateExperimentAsync("a/b & ü?", Limit.Token);
        var byName = await _client.GetExperimentByNameAsync("a/b & ü?", Limit.Token);
        var byId = await _client.GetExperimentAsync(created.Id, Limit.Token);
        var again = await _client.GetOrCreateExperimentAsync("a/b & ü?", Limit.Token);

        Assert.All([byName, byId, again], experiment => Assert.Equal((created.Id, "a/b & ü?", "active"), (experiment!.Id, experiment.Name, experiment.LifecycleStage)));
        Assert.NotNull(byId!.ArtifactLocation);
        Assert.Contains("creation_time", byId.AdditionalProperties!.Keys);
    }

    [Fact]
    public async Task An_experiment_that_is_not_there_is_null()
    {
        Assert.Null(await _client.GetExperimentByNameAsync("nothing", Limit.Token));
        Assert.Null(await _client.GetExperimentAsync("4711", Limit.Token));
    }

    [Fact]
    public async Task An_id_that_is_no_number_is_refused_with_the_servers_words()
    {
        var failure = await Assert.ThrowsAsync<MlflowException>(() => _client.GetExperimentAsync("abc", Limit.Token));

        Assert.Equal((HttpStatusCode.BadRequest, "INVALID_PARAMETER_VALUE"), (failure.StatusCode, failure.ErrorCode));
        Assert.Contains(_server.Endpoint.Authority, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_experiment_is_found_but_not_taken()
    {
        var created = await _client.GetOrCreateExperimentAsync("gone", Limit.Token);
        using var content = new StringContent($$"""{"experiment_id":"{{created.Id}}"}""", null, "application/json");
        (await _http.PostAsync("api/2.0/mlflow/experiments/delete", content, Limit.Token)).Dispose();

        Assert.Equal("deleted", (await _client.GetExperimentByNameAsync("gone", Limit.Token))!.LifecycleStage);
        var failure = await Assert.ThrowsAsync<MlflowException>(() => _client.GetOrCreateExperimentAsync("gone", Limit.Token));

        Assert.Contains($"restore --experiment-id {created.Id}", failure.Message, StringComparison.Ordinal);
        Assert.Null(failure.InnerException);
    }

    [Fact]
    public async Task Who_is_too_late_to_create_gets_the_one_that_is_there()
    {
        // The name was free when it was looked up.
        await _client.GetOrCreateExperimentAsync("shared", Limit.Token);
        _server.FailNext(404, """{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Could not find experiment with name 'shared'"}""", path: "/api/2.0/mlflow/experiments/get-by-name");

        Assert.Equal("shared", (await _client.GetOrCreateExperimentAsync("shared", Limit.Token)).Name);
        Assert.Single(_server.Experiments, experiment => experiment.Name == "shared");
    }

    [Fact]
    public async Task All_pages_of_a_search_are_read_as_they_are_asked_for()
    {
        await using var app = await TracesAsync(7);
        List<string> seen = [];
        await foreach (var trace in app.Services.GetRequiredService<MlflowClient>().SearchTracesAsync("0", pageSize: 3, cancellationToken: Limit.Token))
        {
            seen.Add(trace.TraceId);
        }

        Assert.Equal(7, seen.Distinct().Count());
        Assert.Equal(app.Mlflow.Traces.Select(trace => trace.TraceId).Order(), seen.Order());
        var searches = app.Mlflow.Requests.Where(request => request.Path.EndsWith("search", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, searches.Count);
        Assert.All(searches, search => Assert.Equal(3, (int?)search.ReadJson()!["max_results"]));
        Assert.Null(searches[0].ReadJson()!["page_token"]);
        Assert.Null(searches[0].ReadJson()!["filter"]);
    }

    [Fact]
    public async Task A_search_that_is_left_asks_for_no_more_pages()
    {
        await using var app = await TracesAsync(3);
        await foreach (var trace in app.Services.GetRequiredService<MlflowClient>().SearchTracesAsync("0", pageSize: 1, cancellationToken: Limit.Token))
        {
            Assert.NotNull(trace.TraceId);
            break;
        }

        Assert.Single(app.Mlflow.Requests, request => request.Path.EndsWith("search", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_filter_is_in_MLflows_own_words()
    {
        await using var app = await TracesAsync(3);
        var client = app.Services.GetRequiredService<MlflowClient>();

        Assert.Single(await client.SearchTracesAsync("0", "name = 'work 1'", cancellationToken: Limit.Token).ToListAsync(Limit.Token));
        Assert.Empty(await client.SearchTracesAsync("0", "trace.status = 'ERROR'", cancellationToken: Limit.Token).ToListAsync(Limit.Token));
        Assert.Empty(await client.SearchTracesAsync("4711", cancellationToken: Limit.Token).ToListAsync(Limit.Token));
        var failure = await Assert.ThrowsAsync<MlflowException>(async () => await client.SearchTracesAsync("0", "nonsense", cancellationToken: Limit.Token).ToListAsync(Limit.Token));
        Assert.Equal(HttpStatusCode.BadRequest, failure.StatusCode);
    }

    [Fact]
    public async Task A_trace_tells_what_was_said_of_it()
    {
        await using var app = await TracedApp.StartAsync();
        string id;
        using (var span = LlamaStackTrace.StartSpan("work"))
        {
            id = span.TraceId!;
            LlamaStackTrace.SetSession("s");
            LlamaStackTrace.SetUser("u");
            LlamaStackTrace.SetTag("env", "test");
            LlamaStackTrace.SetMetadata("team", "blue");
            LlamaStackTrace.SetClientRequestId("r");
            await app.AskAsync();
        }

        app.Flush();

        var trace = (await app.Services.GetRequiredService<MlflowClient>().GetTraceAsync(id, Limit.Token))!;

        Assert.Equal((id, "0", "OK", "work", "s", "u", "r"), (trace.TraceId, trace.ExperimentId, trace.State, trace.Name, trace.Session, trace.User, trace.ClientRequestId));
        Assert.Equal(("test", "blue", "Hello?"), (trace.Tags["env"], trace.Metadata["team"], trace.RequestPreview));
        Assert.Equal(app.Mlflow.Traces[0].TokenUsage["total_tokens"], trace.TokenUsage!.Total);
        Assert.Equal(trace.TokenUsage.Total, trace.TokenUsage.Input + trace.TokenUsage.Output);
        Assert.True(trace.Duration >= TimeSpan.Zero);
        Assert.True(DateTimeOffset.UtcNow - trace.RequestTime < TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_trace_that_is_not_there_is_null() => Assert.Null(await _client.GetTraceAsync("tr-00000000000000000000000000000000", Limit.Token));

    [Theory]
    [InlineData(401, "text/plain", "no", "MLFLOW_TRACKING_PASSWORD")]
    [InlineData(403, "text/plain", "Permission denied", "EDIT")]
    [InlineData(500, "application/json", """{"error_code":"INTERNAL_ERROR","message":"database is locked"}""", "database is locked")]
    [InlineData(502, "text/html", "<html>Bad gateway</html>", "502")]
    [InlineData(400, "application/json", """{"error_code":7,"message":["odd"]}""", "400")]
    public async Task A_refusal_is_told_in_words(int status, string contentType, string body, string named)
    {
        _server.Enqueue(new ScriptedExchange { Status = status, Headers = new Dictionary<string, string> { ["content-type"] = contentType }, Body = System.Text.Encoding.UTF8.GetBytes(body) });

        var failure = await Assert.ThrowsAsync<MlflowException>(() => _client.GetTraceAsync("tr-1", Limit.Token));

        Assert.Equal(status, (int)failure.StatusCode!);
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_answer_is_not_repeated_whole()
    {
        _server.FailNext(500, new string('x', 100_000));

        Assert.InRange((await Assert.ThrowsAsync<MlflowException>(() => _client.GetTraceAsync("tr-1", Limit.Token))).Message.Length, 500, 1000);
    }

    [Fact]
    public async Task A_server_that_is_away_is_told_so_without_a_status()
    {
        await _server.StopAsync(Limit.Token);

        var failure = await Assert.ThrowsAsync<MlflowException>(() => _client.GetVersionAsync(Limit.Token));

        Assert.Null(failure.StatusCode);
        Assert.IsType<HttpRequestException>(failure.InnerException);
    }

    [Fact]
    public async Task A_timeout_is_told_so_and_a_cancellation_is_the_callers()
    {
        var never = new TaskCompletionSource();
        _server.Intercept = async context =>
        {
            await never.Task.WaitAsync(context.RequestAborted);
            return true;
        };
        using var http = new HttpClient { BaseAddress = _http.BaseAddress, Timeout = TimeSpan.FromMilliseconds(100) };

        Assert.Contains("in time", (await Assert.ThrowsAsync<MlflowException>(() => new MlflowClient(http).GetVersionAsync(Limit.Token))).Message, StringComparison.Ordinal);
        using var cancel = new CancellationTokenSource(100);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.GetVersionAsync(cancel.Token));
    }

    [Fact]
    public async Task Nonsense_is_refused_before_it_is_sent()
    {
        Assert.Throws<ArgumentNullException>(() => new MlflowClient(null!));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => _client.GetExperimentByNameAsync("", Limit.Token));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => _client.GetExperimentAsync("", Limit.Token));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => _client.GetTraceAsync("", Limit.Token));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await _client.SearchTracesAsync("", cancellationToken: Limit.Token).ToListAsync(Limit.Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await _client.SearchTracesAsync("0", pageSize: 0, cancellationToken: Limit.Token).ToListAsync(Limit.Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await _client.SearchTracesAsync("0", pageSize: 501, cancellationToken: Limit.Token).ToListAsync(Limit.Token));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Ids_are_escaped_in_addresses()
    {
        Assert.Null(await _client.GetTraceAsync("../../2.0/x?y#z", Limit.Token));

        Assert.Equal("/api/3.0/mlflow/traces/..%2F..%2F2.0%2Fx%3Fy%23z", _server.Requests[0].PathAndQuery);
    }

    private static async Task<TracedApp> TracesAsync(int count)
    {
        // No model calls and no listeners beyond this server's: names tell the traces apart.
        var app = await TracedApp.StartAsync();
        for (var number = 0; number < count; number++)
        {
            LlamaStackTrace.StartSpan($"work {number}").Dispose();
        }

        app.Flush();
        return app;
    }
}
