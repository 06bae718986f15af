using LlamaStack.Client;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests;

/// <summary>An application that traces over OTLP/HTTP to a receiver in this process.</summary>
internal sealed class OtlpApp : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private OtlpApp(LlamaStackTestServer models, OtlpTestServer receiver, LogLines logs, ServiceProvider services)
    {
        (Models, Receiver, Logs, _services) = (models, receiver, logs, services);
        services.GetRequiredService<TracerProvider>();
    }

    public LlamaStackTestServer Models { get; }

    public OtlpTestServer Receiver { get; }

    public LogLines Logs { get; }

    public IServiceProvider Services => _services;

    public IChatClient Chat => Services.GetRequiredService<IChatClient>();

    /// <param name="tracing">Settings of tracing.</param>
    /// <param name="services">What else the application registers; before the library's own.</param>
    /// <param name="settings">More of the configuration than the environment, protocol and endpoint; replaces these if it has them.</param>
    public static async Task<OtlpApp> StartAsync(
        Action<MlflowTracingOptions>? tracing = null, Action<IServiceCollection, Uri>? services = null, Func<Uri, Dictionary<string, string?>>? settings = null)
    {
        var receiver = await OtlpTestServer.StartAsync(cancellationToken: Limit.Token);
        var models = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var logs = new LogLines();
        var configuration = settings?.Invoke(receiver.Endpoint) ?? [];
        configuration.TryAdd("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        configuration.TryAdd("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Endpoint.AbsoluteUri);
        var collection = new ServiceCollection();
        collection.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddEnvironmentVariables().AddInMemoryCollection(configuration).Build());
        collection.AddLogging(logging => logging.AddProvider(logs).SetMinimumLevel(LogLevel.Debug));
        services?.Invoke(collection, receiver.Endpoint);
        collection.AddLlamaStack(options => (options.Endpoint, options.Model) = (models.Endpoint, "demo/llama")).WithOtlpTracing(tracing);
        return new OtlpApp(models, receiver, logs, TracedApp.Build(collection));
    }

    public async Task<string> AskAsync(string question = "Hello?") => (await Chat.GetResponseAsync(question, cancellationToken: Limit.Token)).Text;

    /// <summary>Sends what there is, and waits for so many spans.</summary>
    public Task<IReadOnlyList<OtlpTestSpan>> FlushedSpansAsync(int count)
    {
        Services.GetRequiredService<TracerProvider>().ForceFlush(30_000);
        return Receiver.WaitForSpansAsync(count, cancellationToken: Limit.Token);
    }

    public Task<ProbeResult> ProbeAsync() => Services.GetServices<IProbe>().Single(probe => probe.Name == HealthChecks.Mlflow).ProbeAsync(Limit.Token);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Models.DisposeAsync();
        await Receiver.DisposeAsync();
    }
}
