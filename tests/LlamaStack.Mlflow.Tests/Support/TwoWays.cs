using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests;

/// <summary>An application with an MLflow and an OTLP receiver at hand: whichever way its traces take, they are seen.</summary>
internal sealed class TwoWays : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private TwoWays(LlamaStackTestServer models, MlflowTestServer mlflow, OtlpTestServer receiver, LogLines logs, ServiceProvider services)
    {
        (Models, Mlflow, Receiver, Logs, _services) = (models, mlflow, receiver, logs, services);
        services.GetRequiredService<TracerProvider>();
    }

    public LlamaStackTestServer Models { get; }

    public MlflowTestServer Mlflow { get; }

    public OtlpTestServer Receiver { get; }

    public LogLines Logs { get; }

    public IChatClient Chat => _services.GetRequiredService<IChatClient>();

    /// <param name="mode">Which of the two calls is made.</param>
    /// <param name="services">What else the application registers, asked before the call (true) and after it.</param>
    /// <param name="configuration">More configuration; null takes a value away.</param>
    public static async Task<TwoWays> StartAsync(
        TracingMode mode, Action<IServiceCollection, bool>? services = null, Dictionary<string, string?>? configuration = null)
    {
        var models = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var receiver = await OtlpTestServer.StartAsync(cancellationToken: Limit.Token);
        var logs = new LogLines();
        var settings = configuration ?? [];
        settings.TryAdd("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        settings.TryAdd("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Endpoint.AbsoluteUri);
        settings.TryAdd("MLFLOW_TRACKING_URI", mlflow.Endpoint.AbsoluteUri);
        settings.TryAdd("LlamaStack:Endpoint", models.Endpoint.AbsoluteUri);
        settings.TryAdd("LlamaStack:Model", "demo/llama");
        settings.TryAdd("LlamaStack:Tracing:ExportInterval", "00:00:00.010");
        var collection = new ServiceCollection();
        collection.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        collection.AddLogging(logging => logging.AddProvider(logs));
        services?.Invoke(collection, true);
        var builder = collection.AddLlamaStack();
        _ = mode is TracingMode.Otlp ? builder.WithOtlpTracing() : builder.WithMlflowTracing();
        services?.Invoke(collection, false);
        return new TwoWays(models, mlflow, receiver, logs, TracedApp.Build(collection));
    }

    public Task<ChatResponse> AskAsync() => Chat.GetResponseAsync("Hello?", cancellationToken: Limit.Token);

    /// <summary>Sends all there is; the names of the spans that came, either way.</summary>
    public async Task<IReadOnlyList<string>> SentAsync()
    {
        // Disposal waits for all that is on its way.
        await _services.DisposeAsync();
        return [.. Mlflow.Traces.SelectMany(trace => trace.Spans).Select(span => span.Name), .. Receiver.Spans.Select(span => span.Name)];
    }

    public async Task<IReadOnlyList<OtlpTestSpan>> SpansOverOtlpAsync(int count)
    {
        _services.GetRequiredService<TracerProvider>().ForceFlush(30_000);
        return await Receiver.WaitForSpansAsync(count, cancellationToken: Limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Models.DisposeAsync();
        await Mlflow.DisposeAsync();
        await Receiver.DisposeAsync();
    }
}
