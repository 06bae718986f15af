using System.Text.Json;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Mlflow.Tests.Export;

[Collection(nameof(Tracing))]
public sealed class ExperimentTests
{
    [Fact]
    public async Task A_name_is_looked_up_once_and_created_if_it_is_new()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExperimentName = "Größe/1");
        await app.AskAsync();
        app.Flush();
        await app.AskAsync();
        app.Flush();

        var experiment = app.Mlflow.Experiments.Single(experiment => experiment.Name == "Größe/1");
        Assert.All(app.Mlflow.Traces, trace => Assert.Equal(experiment.Id, trace.ExperimentId));
        Assert.Equal(2, app.Exports.Count);
        Assert.Single(app.Mlflow.Requests, request => request.Path.EndsWith("get-by-name", StringComparison.Ordinal));
        Assert.Single(app.Mlflow.Requests, request => request.Path.EndsWith("create", StringComparison.Ordinal));
        Assert.Single(app.Mlflow.Requests, request => request.Path == "/version");
        Assert.Single(app.Logs.Of(2001));
    }

    [Fact]
    public async Task A_name_that_exists_is_taken()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExperimentName = "known");
        var id = await CreateAsync(app.Mlflow, "known");
        await app.AskAsync();

        Assert.Equal(id, app.FlushedTrace().ExperimentId);
    }

    [Fact]
    public async Task An_id_goes_before_a_name()
    {
        await using var app = await TracedApp.StartAsync(options => (options.ExperimentId, options.ExperimentName) = ("1", "other"));
        var id = await CreateAsync(app.Mlflow, "first");
        await app.AskAsync();

        Assert.Equal("1", id);
        Assert.Equal("1", app.FlushedTrace().ExperimentId);
        Assert.DoesNotContain(app.Mlflow.Experiments, experiment => experiment.Name == "other");
    }

    [Fact]
    public async Task Several_who_start_at_once_get_one_experiment()
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        // All have asked before any may create.
        var asked = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        mlflow.Intercept = async context =>
        {
            if (context.Request.Path.Value!.EndsWith("create", StringComparison.Ordinal) && Interlocked.Increment(ref asked) == 4)
            {
                all.TrySetResult();
            }

            if (context.Request.Path.Value.EndsWith("create", StringComparison.Ordinal))
            {
                await all.Task.Soon();
            }

            return false;
        };
        var clients = Enumerable.Range(0, 4).Select(_ => new MlflowClient(new HttpClient { BaseAddress = new Uri(mlflow.Endpoint, "/") })).ToList();

        var found = await Task.WhenAll(clients.Select(client => client.GetOrCreateExperimentAsync("shared", Limit.Token)));

        Assert.Single(found.Select(experiment => experiment.Id).Distinct());
        Assert.Single(mlflow.Experiments, experiment => experiment.Name == "shared");
    }

    [Fact]
    public async Task A_deleted_one_is_refused_with_the_words_that_restore_it()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExperimentName = "gone");
        var id = await CreateAsync(app.Mlflow, "gone");
        await PostAsync(app.Mlflow, "delete", $$"""{"experiment_id":"{{id}}"}""");
        await app.AskAsync();

        app.Flush();

        Assert.Empty(app.Exports);
        var line = Assert.Single(app.Logs.Of(2010));
        Assert.Contains($"mlflow experiments restore --experiment-id {id}", line.Message, StringComparison.Ordinal);
        Assert.Contains("MLFLOW_EXPERIMENT_NAME", line.Message, StringComparison.Ordinal);
        Assert.Equal("refused: 1", app.Counts.Dropped);
    }

    [Fact]
    public async Task Once_it_is_restored_traces_arrive()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExperimentName = "gone");
        var id = await CreateAsync(app.Mlflow, "gone");
        await PostAsync(app.Mlflow, "delete", $$"""{"experiment_id":"{{id}}"}""");
        await app.AskAsync();
        app.Flush();
        await PostAsync(app.Mlflow, "restore", $$"""{"experiment_id":"{{id}}"}""");
        await app.AskAsync();

        Assert.Equal(id, app.FlushedTrace().ExperimentId);
        Assert.Contains("1 were lost", Assert.Single(app.Logs.Of(2011)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_that_does_not_exist_is_refused_and_not_tried_for_minutes()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExperimentId = "4711");
        await app.AskAsync();

        app.Flush();

        Assert.Equal("refused: 1", app.Counts.Dropped);
        Assert.Contains("MLFLOW_EXPERIMENT_ID", Assert.Single(app.Logs.Of(2010)).Message, StringComparison.Ordinal);
        Assert.Single(app.Mlflow.Requests, request => request.Path == "/version");
    }

    [Theory]
    [InlineData("3.18.0")]
    [InlineData("3.12.0")]
    public async Task One_that_vanishes_while_the_application_runs_is_created_anew_and_nothing_is_lost(string version)
    {
        await using var app = await TracedApp.StartAsync(options => options.ExperimentName = "mine", server => server.Version = version);
        await app.AskAsync();
        app.FlushedTrace();
        var recorded = JsonDocument.Parse(Fixtures.Bytes("mlflow-rest", "otlp-unknown-experiment.json")).RootElement.GetProperty("response").GetProperty("body").GetRawText();

        app.Mlflow.FailNext(404, recorded, path: "/v1/traces");
        await app.AskAsync();
        app.Flush();

        Assert.Equal(2, app.Mlflow.Traces.Count);
        Assert.Equal("", app.Counts.Dropped);
        Assert.Equal(2, app.Mlflow.Requests.Count(request => request.Path.EndsWith("get-by-name", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_old_server_says_422_of_an_experiment_that_is_gone()
    {
        // MLflow 3.7 and 3.8 tell all errors of the store in the same words.
        await using var app = await TracedApp.StartAsync(options => options.ExperimentName = "mine", server => server.Version = "3.7.0");
        await app.AskAsync();
        app.FlushedTrace();

        app.Mlflow.FailNext(422, """{"detail":"Failed to log OpenTelemetry spans: Trace tr-1: No Experiment with id=1 exists"}""", path: "/v1/traces");
        await app.AskAsync();
        await app.AskAsync();
        app.Flush();

        Assert.Equal(3, app.Mlflow.Traces.Count);
        Assert.Equal("", app.Counts.Dropped);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData(null)]
    public async Task A_blank_name_is_none(string? name)
    {
        await using var app = await TracedApp.StartAsync(options => (options.ExperimentName, options.ExperimentId) = (name, ""));
        await app.AskAsync();

        Assert.Equal("0", app.FlushedTrace().ExperimentId);
    }

    [Fact]
    public async Task It_is_named_in_one_line_of_the_log()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExperimentName = "mine");
        await app.AskAsync();
        app.Flush();

        Assert.Equal($"Traces go to MLflow at {app.Mlflow.Endpoint}, experiment mine.", Assert.Single(app.Logs.Of(2001)).Message);
    }

    private static async Task<string> CreateAsync(MlflowTestServer mlflow, string name)
    {
        await PostAsync(mlflow, "create", JsonSerializer.Serialize(new Dictionary<string, string> { ["name"] = name }));
        return mlflow.Experiments.Single(experiment => experiment.Name == name).Id;
    }

    private static async Task PostAsync(MlflowTestServer mlflow, string method, string json)
    {
        using var http = new HttpClient();
        using var content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(json));
        content.Headers.ContentType = new("application/json");
        using var response = await http.PostAsync(new Uri(mlflow.Endpoint, $"/api/2.0/mlflow/experiments/{method}"), content, Limit.Token);
        response.EnsureSuccessStatusCode();
    }
}
