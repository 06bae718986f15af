using LlamaStack.Instrumentation;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LlamaStack.Mlflow.Tests.Health;

/// <summary>What health check <c>mlflow</c> finds: each failure told apart, and its cure named.</summary>
[Collection(nameof(Tracing))]
public sealed class MlflowHealthTests
{
    private const string Page = "<!doctype html><title>404 Not Found</title>";

    /// <summary>How the server and the settings are, what comes of it, and what must be named.</summary>
    public static TheoryData<string, Action<MlflowTestServerOptions>, Action<MlflowTracingOptions>, HealthStatus, string[]> Situations() => new()
    {
        { "as it should be", _ => { }, _ => { }, HealthStatus.Healthy, ["MLflow 3.18.0", "\"Default\" (id 0)"] },
        { "with credentials", server => (server.Username, server.Password) = ("ann", "pw"), options => (options.Username, options.Password) = ("ann", "pw"), HealthStatus.Healthy, [] },
        { "below a prefix", server => server.StaticPrefix = "/ml", _ => { }, HealthStatus.Healthy, ["/ml"] },
        { "oldest", server => server.Version = "3.7.0", _ => { }, HealthStatus.Healthy, ["3.7.0"] },
        { "too old", server => server.Version = "3.6.1", _ => { }, HealthStatus.Degraded, ["3.6.1", "3.7"] },
        { "open to anyone", server => (server.Version, server.Username, server.Password) = ("3.8.0", "ann", "pw"), options => (options.Username, options.Password) = ("ann", "pw"), HealthStatus.Degraded, ["takes traces from anyone", "3.10"] },
        { "401", server => (server.Username, server.Password) = ("ann", "pw"), _ => { }, HealthStatus.Unhealthy, ["401", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "LlamaStack:Tracing:Username"] },
        { "403 permission", server => (server.Username, server.Password, server.ReaderUsername) = ("ann", "pw", "reader"), options => (options.Username, options.Password) = ("reader", "pw"), HealthStatus.Unhealthy, ["403", "EDIT permission"] },
        { "403 hosts", server => server.AllowedHosts = ["mlflow:*"], _ => { }, HealthStatus.Unhealthy, ["403", "--allowed-hosts"] },
        { "file store", server => server.StoreType = MlflowStoreType.File, _ => { }, HealthStatus.Unhealthy, ["--backend-store-uri sqlite:///mlflow.db"] },
        { "workspace", _ => { }, options => options.Workspace = "team", HealthStatus.Unhealthy, ["MLFLOW_WORKSPACE"] },
        { "experiment missing", _ => { }, options => options.ExperimentId = "4711", HealthStatus.Unhealthy, ["4711", "MLFLOW_EXPERIMENT_ID"] },
        { "prefix forgotten", server => server.StaticPrefix = "/ml", options => options.TrackingUri = new Uri(options.TrackingUri!, "/"), HealthStatus.Unhealthy, ["404", "prefix", "LlamaStack:Tracing:TrackingUri"] },
        { "no OTLP route", _ => { }, options => options.TracesEndpoint = new Uri(options.TrackingUri!, "/nothing/here"), HealthStatus.Unhealthy, ["404", "LlamaStack:Tracing:TracesEndpoint", "--gunicorn-opts"] },
        { "unknown host", _ => { }, options => options.TrackingUri = new Uri("http://no-such-host.invalid:5000"), HealthStatus.Unhealthy, ["no-such-host.invalid", "MLFLOW_TRACKING_URI"] },
        { "TLS", _ => { }, options => options.TrackingUri = new UriBuilder(options.TrackingUri!) { Scheme = "https" }.Uri, HealthStatus.Unhealthy, ["TLS", "MLFLOW_TRACKING_INSECURE_TLS"] },
    };

    /// <summary>An answer to a path, what comes of it, and what must be named.</summary>
    public static TheoryData<string, int, string, string, HealthStatus, string[]> Answers() => new()
    {
        { "/v1/traces", 422, "application/json", """{"detail":[{"type":"missing","loc":["header","x-mlflow-experiment-id"],"msg":"Field required","input":null}]}""", HealthStatus.Unhealthy, ["x-mlflow-experiment-id", "proxy"] },
        { "/v1/traces", 404, "text/html", Page, HealthStatus.Unhealthy, ["LlamaStack:Tracing:TracesEndpoint", "--gunicorn-opts"] },
        { "/v1/traces", 501, "application/json", """{"detail":"REST OTLP span logging is not supported by FileStore"}""", HealthStatus.Unhealthy, ["--backend-store-uri"] },
        { "/v1/traces", 503, "text/plain", "busy", HealthStatus.Unhealthy, ["503", "busy"] },
        { "/version", 404, "text/html", Page, HealthStatus.Unhealthy, ["no MLflow server of 3.4 or newer"] },
        { "/version", 200, "text/html", "<html>a wiki</html>", HealthStatus.Unhealthy, ["no MLflow server"] },
        { "/api/3.0/mlflow/server-info", 500, "text/html", "boom", HealthStatus.Unhealthy, ["500"] },
        { "/api/3.0/mlflow/server-info", 404, "text/html", Page, HealthStatus.Healthy, [] },
        { "/api/2.0/mlflow/experiments/get-by-name", 200, "application/json", "{\"no\":\"experiment\"", HealthStatus.Unhealthy, ["cannot be read"] },
    };

    [Theory]
    [MemberData(nameof(Situations), DisableDiscoveryEnumeration = true)]
    public async Task Each_situation_is_told_apart_with_its_cure(
        string situation, Action<MlflowTestServerOptions> server, Action<MlflowTracingOptions> tracing, HealthStatus status, string[] named)
    {
        await using var app = await TracedApp.StartAsync(tracing, server);

        var health = await app.ProbeAsync();

        Assert.True(status == health.Status, $"{situation}: {health}");
        Assert.All(named, name => Assert.Contains(name, health.Description, StringComparison.Ordinal));
        Assert.Empty(app.Mlflow.Traces);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Each_answer_is_told_apart_with_its_cure(string path, int status, string contentType, string body, HealthStatus expected, string[] named)
    {
        await using var app = await TracedApp.StartAsync();
        app.Mlflow.Enqueue(new ScriptedExchange { Path = path, Status = status, Headers = new Dictionary<string, string> { ["content-type"] = contentType }, Body = System.Text.Encoding.UTF8.GetBytes(body) });

        var health = await app.ProbeAsync();

        Assert.True(expected == health.Status, health.ToString());
        Assert.All(named, name => Assert.Contains(name, health.Description, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_is_away_and_back_is_told_so()
    {
        await using var app = await TracedApp.StartAsync();
        await app.Mlflow.StopAsync(Limit.Token);

        var away = await app.ProbeAsync();
        Assert.Equal(HealthStatus.Unhealthy, away.Status);
        Assert.Contains("is MLflow running?", away.Description, StringComparison.Ordinal);

        await app.Mlflow.RestartAsync(Limit.Token);
        Assert.Equal(HealthStatus.Healthy, (await app.ProbeAsync()).Status);
    }

    [Theory]
    [InlineData("/version", "https://mlflow.example/version")]
    [InlineData("/v1/traces", "https://ann:pw@mlflow.example/v1/traces?x=1")]
    public async Task A_server_that_has_moved_is_told_with_its_new_address(string path, string location)
    {
        await using var app = await TracedApp.StartAsync(options => (options.Username, options.Password) = ("ann", "pw"));
        app.Mlflow.Enqueue(new ScriptedExchange { Path = path, Status = 301, Headers = new Dictionary<string, string> { ["location"] = location } });

        var health = await app.ProbeAsync();

        Assert.Equal(HealthStatus.Unhealthy, health.Status);
        Assert.Contains($"has moved to https://mlflow.example{path} (301)", health.Description, StringComparison.Ordinal);
        Assert.Contains("MLFLOW_TRACKING_URI", health.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_experiment_is_told_with_the_words_that_restore_it()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExperimentId = "7");
        app.Mlflow.Enqueue(ScriptedExchange.Json("/api/2.0/mlflow/experiments/get", """{"experiment":{"experiment_id":"7","name":"gone","lifecycle_stage":"deleted"}}"""));

        var health = await app.ProbeAsync();

        Assert.Equal(HealthStatus.Unhealthy, health.Status);
        Assert.Contains("mlflow experiments restore --experiment-id 7", health.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_probe_leaves_no_trace_here_or_there()
    {
        await using var app = await TracedApp.StartAsync();
        using (LlamaStackTrace.StartSpan("around the probe"))
        {
            await app.ProbeAsync();
        }

        var trace = app.FlushedTrace();

        Assert.Single(trace.Spans);
        Assert.All(app.Mlflow.Requests, request => Assert.False(request.Headers.ContainsKey("traceparent")));
    }

    [Fact]
    public async Task Lost_traces_are_counted_in_the_text()
    {
        await using var app = await TracedApp.StartAsync(options => (options.MaxQueuedTraces, options.ExportInterval) = (1, TimeSpan.FromMinutes(1)));
        await app.AskAsync();
        await app.AskAsync();
        await app.AskAsync();

        var health = await app.ProbeAsync();

        Assert.Equal(HealthStatus.Healthy, health.Status);
        Assert.Contains("2 were lost", health.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("auth-otlp-none.json", "MLFLOW_TRACKING_USERNAME")]
    [InlineData("auth-otlp-bearer.json", "MLFLOW_TRACKING_USERNAME")]
    [InlineData("auth-otlp-no-permission.json", "EDIT permission")]
    [InlineData("otlp-host-not-allowed.json", "--allowed-hosts")]
    [InlineData("otlp-no-experiment-header.json", "x-mlflow-experiment-id")]
    [InlineData("otlp-trailing-slash.json", "LlamaStack:Tracing:TracesEndpoint")]
    [InlineData("otlp-workspace-not-enabled.json", "MLFLOW_WORKSPACE")]
    [InlineData("filestore-otlp.json", "--backend-store-uri")]
    public async Task What_a_real_server_was_heard_to_answer_is_understood(string recording, string named)
    {
        var answer = Recording.Read(recording);
        await using var app = await TracedApp.StartAsync();
        app.Mlflow.Enqueue(answer with { Method = null, Path = "/v1/traces" });

        var health = await app.ProbeAsync();

        Assert.Equal(HealthStatus.Unhealthy, health.Status);
        Assert.Contains(named, health.Description, StringComparison.Ordinal);
    }
}
