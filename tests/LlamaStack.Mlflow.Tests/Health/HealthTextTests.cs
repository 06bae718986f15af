using LlamaStack.Client;
using LlamaStack.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LlamaStack.Mlflow.Tests.Health;

/// <summary>The exact words of each failure with its cure: what is read at night should not change by accident. Calls go on all the while.</summary>
[Collection(nameof(Tracing))]
public sealed class HealthTextTests
{
    private const string Collector = "Its address is set by OTEL_EXPORTER_OTLP_ENDPOINT, its protocol by OTEL_EXPORTER_OTLP_PROTOCOL (grpc, usually port 4317, or http/protobuf, usually port 4318).";

    /// <summary>What is wrong: with MLflow, with the settings, with one answer; and what is said. AT stands for the server's address, HOST for its host and port.</summary>
    public static TheoryData<string, Action<MlflowTestServerOptions>?, Action<MlflowTracingOptions>?, ScriptedExchange?, string> OfMlflow() => new()
    {
        { "nothing wrong", null, null, null, "MLflow 3.18.0 at AT, experiment \"Default\" (id 0) takes traces." },
        { "an older server", server => server.Version = "3.12.0", null, null, "MLflow 3.12.0 at AT, experiment \"Default\" (id 0) takes traces. What only newer versions keep: links between spans (3.13), the name, session and user of a trace without a second request for each (3.14), kinds of spans (3.18)." },
        { "DNS", null, options => options.TrackingUri = new Uri("http://no-such-host.invalid:5000"), null, "MLflow's host no-such-host.invalid is not known. Check LlamaStack:Tracing:TrackingUri or MLFLOW_TRACKING_URI." },
        { "401", server => (server.Username, server.Password) = ("ann", "pw"), null, null, "MLflow at AT asks who is calling (401): set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (LlamaStack:Tracing:Username and Password), or MLFLOW_TRACKING_TOKEN for a proxy." },
        { "403 permission", server => (server.Username, server.Password, server.ReaderUsername) = ("ann", "pw", "reader"), options => (options.Username, options.Password) = ("reader", "pw"), null, "MLflow at AT says permission denied (403): the user needs the EDIT permission on the experiment, and the experiment must exist." },
        { "403 hosts", server => server.AllowedHosts = ["mlflow:*"], null, null, "MLflow at AT does not allow the host name HOST (403): start it with --allowed-hosts 'HOST,localhost:*,127.0.0.1:*'." },
        { "404 path", server => server.StaticPrefix = "/ml", options => options.TrackingUri = new Uri(options.TrackingUri!, "/"), null, "AT has no such path (404): it is no MLflow server of 3.4 or newer, lacks a prefix in LlamaStack:Tracing:TrackingUri, stands behind a proxy that does not pass /v1/traces on (then set LlamaStack:Tracing:TracesEndpoint), or was started with --gunicorn-opts." },
        { "422", null, null, ScriptedExchange.Json("/v1/traces", """{"detail":[{"type":"missing","loc":["header","x-mlflow-experiment-id"],"msg":"Field required","input":null}]}""", 422), "MLflow at AT got no experiment (422): a proxy in between may have removed the header x-mlflow-experiment-id." },
        { "501", null, null, ScriptedExchange.Json("/v1/traces", """{"detail":"REST OTLP span logging is not supported by FileStore"}""", 501), "MLflow at AT keeps its data in files (501): traces need a database, start it with --backend-store-uri sqlite:///mlflow.db." },
        { "file store", server => server.StoreType = MlflowStoreType.File, null, null, "MLflow at AT keeps its data in files, where traces cannot be stored: start it with --backend-store-uri sqlite:///mlflow.db." },
        { "old version", server => server.Version = "3.6.1", null, null, "MLflow 3.6.1 at AT, experiment \"Default\" (id 0) is older than 3.7, the oldest that is supported: update MLflow." },
        { "open to anyone", server => (server.Version, server.Username, server.Password) = ("3.8.0", "ann", "pw"), options => (options.Username, options.Password) = ("ann", "pw"), null, "MLflow 3.8.0 at AT, experiment \"Default\" (id 0) takes traces from anyone, whatever its basic authentication says: update MLflow to 3.10 or newer." },
        { "workspace", null, options => options.Workspace = "team", null, "MLflow at AT has no workspaces: remove LlamaStack:Tracing:Workspace (MLFLOW_WORKSPACE)." },
        { "moved", null, null, new ScriptedExchange { Path = "/v1/traces", Status = 301, Headers = new Dictionary<string, string> { ["location"] = "https://mlflow.example/ml/v1/traces" } }, "MLflow at AT has moved to https://mlflow.example/ml/v1/traces (301): set LlamaStack:Tracing:TrackingUri or MLFLOW_TRACKING_URI to the address that answers." },
        { "something else", null, null, ScriptedExchange.Json("/v1/traces", """{"error_code":"INTERNAL_ERROR","message":"database is locked"}""", 500), "MLflow at AT answered 500: database is locked" },
        { "experiment missing", null, options => options.ExperimentId = "4711", null, "MLflow has no experiment with the id 4711: set LlamaStack:Tracing:ExperimentId or MLFLOW_EXPERIMENT_ID to one that exists, or ExperimentName, which is created if missing." },
        { "experiment deleted", null, options => options.ExperimentId = "7", ScriptedExchange.Json("/api/2.0/mlflow/experiments/get", """{"experiment":{"experiment_id":"7","name":"gone","lifecycle_stage":"deleted"}}"""), "MLflow's experiment \"gone\" (id 7) is deleted: traces sent to it would be kept where nobody sees them. Restore it (mlflow experiments restore --experiment-id 7), or set another name in LlamaStack:Tracing:ExperimentName or MLFLOW_EXPERIMENT_NAME." },
    };

    /// <summary>What is wrong with the LlamaStack server, and what is said.</summary>
    public static TheoryData<string, Action<LlamaStackClientOptions>?, ScriptedExchange?, HealthStatus, string> OfLlamaStack() => new()
    {
        { "nothing wrong", null, null, HealthStatus.Healthy, "LlamaStack 1.5.0 at AT runs and lists 2 models; whether it can serve them only a call would show." },
        { "key", options => options.ApiKey = "wrong", null, HealthStatus.Unhealthy, "The LlamaStack server at AT runs, but does not know our key (401): set LlamaStack:ApiKey or LLAMA_STACK_CLIENT_API_KEY." },
        { "policy", null, ScriptedExchange.Json("/v1/health", """{"error":{"message":"Access denied"}}""", 403), HealthStatus.Degraded, "The LlamaStack server at AT runs, but does not let us ask for its health (403): its route_policy leaves /v1/health out." },
        { "model", options => options.Model = "demo/other", null, HealthStatus.Degraded, "LlamaStack 1.5.0 at AT runs, but does not list the model \"demo/other\" (it may serve it all the same). Models are set by LlamaStack:Model and LlamaStack:EmbeddingModel." },
    };

    /// <summary>What is wrong with the OTLP endpoint, and what is said.</summary>
    public static TheoryData<string, int, string?, string> OfCollector() => new()
    {
        { "http/protobuf", 200, null, "The OTLP endpoint AT takes spans. Whether MLflow gets them is the Collector's to say." },
        { "http/protobuf", 401, null, "The OTLP endpoint AT refuses us (401): set OTEL_EXPORTER_OTLP_HEADERS." },
        { "http/protobuf", 403, null, "The OTLP endpoint AT refuses us (403): set OTEL_EXPORTER_OTLP_HEADERS." },
        { "http/protobuf", 404, null, $"AT is no OTLP endpoint (404). {Collector}" },
        { "http/protobuf", 503, null, $"The OTLP endpoint AT answered 503. {Collector}" },
    };

    [Theory]
    [MemberData(nameof(OfMlflow), DisableDiscoveryEnumeration = true)]
    public async Task Of_MLflow(string situation, Action<MlflowTestServerOptions>? server, Action<MlflowTracingOptions>? tracing, ScriptedExchange? answer, string said)
    {
        var address = "";
        await using var app = await TracedApp.StartAsync(
            options =>
            {
                tracing?.Invoke(options);
                address = options.TrackingUri!.AbsoluteUri;
            },
            server);
        if (answer is not null)
        {
            app.Mlflow.Enqueue(answer);
        }

        var entry = (await CheckAsync(app.Services, "mlflow"));

        var shown = address.TrimEnd('/') + "/";
        var expected = said.Replace("HOST", new Uri(shown).Authority, StringComparison.Ordinal);
        Assert.Equal(Normal(expected, shown), Normal(entry.Description!, shown));
        Assert.True(entry.Status == (situation is "nothing wrong" or "an older server" ? HealthStatus.Healthy : HealthStatus.Degraded), situation);
        Assert.NotEmpty(await app.AskAsync());
    }

    [Theory]
    [MemberData(nameof(OfLlamaStack), DisableDiscoveryEnumeration = true)]
    public async Task Of_the_LlamaStack_server(string situation, Action<LlamaStackClientOptions>? client, ScriptedExchange? answer, HealthStatus status, string said)
    {
        await using var models = await LlamaStackTestServer.StartAsync(new LlamaStackTestServerOptions { ApiKey = "key" }, Limit.Token);
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddLlamaStack(options =>
        {
            (options.Endpoint, options.ApiKey, options.Model) = (models.Endpoint, "key", "demo/llama");
            client?.Invoke(options);
        }).WithMlflowTracing(options => options.TrackingUri = mlflow.Endpoint);
        await using var provider = TracedApp.Build(services);
        if (answer is not null)
        {
            models.Enqueue(answer);
        }

        var entry = (await CheckAsync(provider, "llamastack"));

        Assert.Equal(said, entry.Description!.Replace(new Uri(models.Endpoint, "/v1/").AbsoluteUri, "AT", StringComparison.Ordinal));
        Assert.True(status == entry.Status, situation);
    }

    [Theory]
    [MemberData(nameof(OfCollector))]
    public async Task Of_the_OTLP_endpoint(string protocol, int status, string? setting, string said)
    {
        await using var app = await OtlpApp.StartAsync(settings: _ => new() { ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol, ["OTEL_EXPORTER_OTLP_HEADERS"] = setting });
        if (status != 200)
        {
            app.Receiver.Enqueue(new ScriptedExchange { Path = "/v1/traces", Status = status });
        }

        var entry = (await CheckAsync(app.Services, "mlflow"));

        Assert.Equal(said.Replace("AT", $"{app.Receiver.Endpoint}v1/traces", StringComparison.Ordinal), entry.Description);
        Assert.Equal(status == 200 ? HealthStatus.Healthy : HealthStatus.Degraded, entry.Status);
        Assert.NotEmpty(await app.AskAsync());
    }

    [Fact]
    public async Task Of_a_server_where_nothing_listens()
    {
        await using var app = await TracedApp.StartAsync();
        var shown = app.Mlflow.Endpoint.AbsoluteUri;
        await app.Mlflow.StopAsync(Limit.Token);

        var entry = (await CheckAsync(app.Services, "mlflow"));

        Assert.Equal($"Nothing listens at {shown}: is MLflow running? Its address is set by LlamaStack:Tracing:TrackingUri or MLFLOW_TRACKING_URI.", entry.Description);
        Assert.NotEmpty(await app.AskAsync());
    }

    [Fact]
    public async Task Of_a_server_without_TLS_where_it_was_expected()
    {
        var address = "";
        await using var app = await TracedApp.StartAsync(options =>
        {
            options.TrackingUri = new UriBuilder(options.TrackingUri!) { Scheme = "https" }.Uri;
            address = options.TrackingUri.AbsoluteUri;
        });

        var said = (await CheckAsync(app.Services, "mlflow")).Description!;

        // In between are the words of the system.
        Assert.StartsWith($"The TLS connection to {address} failed: ", said, StringComparison.Ordinal);
        Assert.EndsWith(". A private authority is named by MLFLOW_TRACKING_SERVER_CERT_PATH (LlamaStack:Tracing:CertificateAuthorityFile); for development, MLFLOW_TRACKING_INSECURE_TLS=true trusts any.", said, StringComparison.Ordinal);
        Assert.NotEmpty(await app.AskAsync());
    }

    [Fact]
    public async Task Of_an_OTLP_endpoint_where_nothing_listens()
    {
        await using var app = await OtlpApp.StartAsync();
        await app.Receiver.StopAsync(Limit.Token);

        var entry = await CheckAsync(app.Services, "mlflow");

        Assert.Equal($"Nothing listens at the OTLP endpoint {app.Receiver.Endpoint}v1/traces: is the Collector running? {Collector}", entry.Description);
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.NotEmpty(await app.AskAsync());
    }

    [Theory]
    [InlineData("http://no-such-host.invalid:4318", "http/protobuf", "The OTLP endpoint's host no-such-host.invalid is not known.")]
    [InlineData("http://no-such-host.invalid:4317", "grpc", "The OTLP endpoint's host no-such-host.invalid is not known.")]
    public async Task Of_an_OTLP_endpoint_with_a_wrong_address(string address, string protocol, string said)
    {
        await using var app = await OtlpApp.StartAsync(settings: _ => new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol });

        Assert.Equal($"{said} {Collector}", (await CheckAsync(app.Services, "mlflow")).Description);
        Assert.NotEmpty(await app.AskAsync());
    }

    [Fact]
    public async Task What_the_exporter_counts_stands_in_the_data()
    {
        await using var app = await TracedApp.StartAsync(options => options.MaxQueuedTraces = 1);
        await app.AskAsync();
        app.Flush();
        var before = (await CheckAsync(app.Services, "mlflow")).Data;

        Assert.Equal(1L, before["exporter.exported"]);
        Assert.Equal(0L, before["exporter.queued"]);
        Assert.True(DateTimeOffset.Parse((string)before["exporter.last_success"], System.Globalization.CultureInfo.InvariantCulture) > DateTimeOffset.UtcNow.AddHours(-1));
        Assert.False(before.ContainsKey("exporter.dropped.queue_full"));
    }

    [Fact]
    public async Task Calls_that_are_in_no_trace_are_told_with_their_reason()
    {
        await using var app = await TracedApp.StartAsync(options => options.HonorIncomingSampling = true);
        using (var request = new System.Diagnostics.Activity("Microsoft.AspNetCore.Hosting.HttpRequestIn").SetParentId("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").Start())
        {
            await app.AskAsync();
        }

        var entry = (await CheckAsync(app.Services, "mlflow"));

        Assert.EndsWith(" 1 model calls were not recorded (caller_not_sampled 1): caller_not_sampled is cured by app.UseLlamaStackTracing() in mode Mlflow or LlamaStack:Tracing:HonorIncomingSampling=false, the others are the application's own sampler.", entry.Description, StringComparison.Ordinal);
        Assert.Equal(1L, entry.Data["calls.unrecorded.caller_not_sampled"]);
    }

    /// <summary>With and without its last slash an address is the same.</summary>
    private static string Normal(string text, string address) => text.Replace(address, "AT", StringComparison.Ordinal).Replace(address.TrimEnd('/'), "AT", StringComparison.Ordinal);

    /// <summary>One check alone: without a host each asks all servers anew.</summary>
    private static async Task<HealthReportEntry> CheckAsync(IServiceProvider services, string name) =>
        (await services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == name, Limit.Token)).Entries[name];
}
