using System.Diagnostics.Metrics;
using LlamaStack.Client;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests;

/// <summary>An application without a host that asks a model and traces to an MLflow, with both servers in this process.</summary>
internal sealed class TracedApp : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private TracedApp(LlamaStackTestServer models, MlflowTestServer mlflow, LogLines logs, ServiceProvider services)
    {
        Models = models;
        Mlflow = mlflow;
        Logs = logs;
        _services = services;
        Counts = new ExporterCounts(services.GetRequiredService<IMeterFactory>());

        // As a host does at its start.
        services.GetRequiredService<TracerProvider>();
    }

    public LlamaStackTestServer Models { get; }

    public MlflowTestServer Mlflow { get; }

    public LogLines Logs { get; }

    public ExporterCounts Counts { get; }

    public IServiceProvider Services => _services;

    public LlamaStackClient Client => Services.GetRequiredService<LlamaStackClient>();

    public IChatClient Chat => Services.GetRequiredService<IChatClient>();

    /// <summary>Gets the requests with spans, in the order of their arrival.</summary>
    public IReadOnlyList<RecordedRequest> Exports => [.. Mlflow.Requests.Where(request => request.Path.EndsWith("/v1/traces", StringComparison.Ordinal))];

    /// <summary>Gets the StartTraceV3 requests.</summary>
    public IReadOnlyList<RecordedRequest> TraceInfos => [.. Mlflow.Requests.Where(request => request is { Method: "POST", Path: "/api/3.0/mlflow/traces" })];

    /// <summary>Starts both servers, and builds the services as a host would in development.</summary>
    /// <param name="tracing">Settings of tracing; traces leave after 10 milliseconds if nothing else is said.</param>
    /// <param name="mlflow">Settings of the MLflow server.</param>
    /// <param name="services">What else the application registers; before the library's own.</param>
    public static async Task<TracedApp> StartAsync(
        Action<MlflowTracingOptions>? tracing = null, Action<MlflowTestServerOptions>? mlflow = null, Action<IServiceCollection>? services = null)
    {
        var settings = new MlflowTestServerOptions();
        mlflow?.Invoke(settings);
        var mlflowServer = await MlflowTestServer.StartAsync(settings, Limit.Token);
        var models = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var logs = new LogLines();
        var collection = new ServiceCollection();
        collection.AddLogging(logging => logging.AddProvider(logs).SetMinimumLevel(LogLevel.Debug));
        services?.Invoke(collection);
        collection.AddLlamaStack(options =>
        {
            options.Endpoint = models.Endpoint;
            options.Model = "demo/llama";
            options.EmbeddingModel = "demo/embed";
        }).WithMlflowTracing(options =>
        {
            options.TrackingUri = mlflowServer.Endpoint;
            options.ExportInterval = TimeSpan.FromMilliseconds(10);
            tracing?.Invoke(options);
        });
        return new TracedApp(models, mlflowServer, logs, Build(collection));
    }

    public static ServiceProvider Build(IServiceCollection services) =>
        services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

    /// <summary>One model call.</summary>
    /// <returns>The answer.</returns>
    public async Task<string> AskAsync(string question = "Hello?") =>
        (await Chat.GetResponseAsync(question, cancellationToken: Limit.Token)).Text;

    /// <summary>Sends what there is.</summary>
    public void Flush() => Assert.True(Services.GetRequiredService<TracerProvider>().ForceFlush(30_000));

    /// <summary>Sends what there is, and looks at the one trace that MLflow has of it.</summary>
    public MlflowTestTrace FlushedTrace()
    {
        Flush();
        return Assert.Single(Mlflow.Traces);
    }

    /// <summary>What health check <c>mlflow</c> finds, asked now.</summary>
    public Task<ProbeResult> ProbeAsync() => Services.GetServices<IProbe>().Single(probe => probe.Name == HealthChecks.Mlflow).ProbeAsync(Limit.Token);

    /// <summary>Disposes the services as a program does at its end, and leaves the servers to be looked at.</summary>
    public ValueTask StopAsync() => _services.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        Counts.Dispose();
        await Models.DisposeAsync();
        await Mlflow.DisposeAsync();
    }
}
