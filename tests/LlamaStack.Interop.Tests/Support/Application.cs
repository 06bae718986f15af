using System.ClientModel;
using System.ClientModel.Primitives;
using LlamaStack.IntegrationTests;
using LlamaStack.Mlflow;
using LlamaStack.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.SemanticKernel;
using OpenAI;
using OpenTelemetry.Trace;

namespace LlamaStack.Interop.Tests;

/// <summary>
/// An application with tracing, a LlamaStack to call and an MLflow to fill, and clients of several libraries over the same server. One at a time: every tracer
/// provider of a process sees all of its spans.
/// </summary>
[CollectionDefinition(nameof(Application), DisableParallelization = true)]
public sealed class Application : IAsyncDisposable
{
    public const string ChatModel = "demo/llama";
    public const string EmbeddingModel = "demo/embed";

    /// <summary>The service id of Semantic Kernel's own OpenAI connector, beside ours.</summary>
    public const string OpenAIService = "openai";

    private const string InstrumentedClient = "openai";

    private readonly HttpClient _mlflow;
    private readonly ServiceProvider _services;

    private Application(LlamaStackTestServer llamaStack, Uri mlflow, string experiment, ServiceProvider services)
    {
        LlamaStack = llamaStack;
        Wire = Wire.Of(llamaStack);
        _mlflow = new HttpClient { BaseAddress = mlflow };
        Experiment = experiment;
        _services = services;
    }

    public LlamaStackTestServer LlamaStack { get; }

    public IServiceProvider Services => _services;

    /// <summary>Gets the name of the experiment of its traces.</summary>
    public string Experiment { get; }

    /// <summary>Gets the OpenAI SDK over an <see cref="HttpClient"/> with our handler.</summary>
    public OpenAIClient OpenAI => _services.GetRequiredService<OpenAIClient>();

    /// <summary>Gets our own chat client.</summary>
    public IChatClient Chat => _services.GetRequiredService<IChatClient>();

    internal Wire Wire { get; }

    /// <summary>Starts an application.</summary>
    /// <param name="mlflow">Where its traces go.</param>
    /// <param name="sources">The sources of other libraries that its OpenTelemetry listens to.</param>
    /// <param name="tracing">Settings of tracing.</param>
    /// <param name="configure">What else it registers.</param>
    public static async Task<Application> StartAsync(
        Uri mlflow, string[]? sources = null, Action<MlflowTracingOptions>? tracing = null, Action<IServiceCollection>? configure = null)
    {
        var llamaStack = await LlamaStackTestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        var experiment = $"interop-{Guid.NewGuid():N}";
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug));
        services.AddLlamaStack(options => options.Endpoint = llamaStack.Endpoint).WithMlflowTracing(options =>
        {
            options.TrackingUri = mlflow;
            options.ExperimentName = experiment;
            options.ExportInterval = TimeSpan.FromMilliseconds(10);
            tracing?.Invoke(options);
        }).WithSemanticKernel();
        services.AddHttpClient(InstrumentedClient).AddGenAIInstrumentation();
        services.AddSingleton(provider => new OpenAIClient(new ApiKeyCredential("nobody-asks"), new OpenAIClientOptions
        {
            Endpoint = new Uri(llamaStack.Endpoint, "/v1"),
            Transport = new HttpClientPipelineTransport(provider.GetRequiredService<IHttpClientFactory>().CreateClient(InstrumentedClient)),
        }));
        services.AddOpenAIChatCompletion(ChatModel, serviceId: OpenAIService);
        services.AddOpenTelemetry().WithTracing(builder => builder.AddSource(sources ?? []));
        configure?.Invoke(services);
        var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        // As the start of a host does.
        _ = provider.GetRequiredService<TracerProvider>();
        return new Application(llamaStack, mlflow, experiment, provider);
    }

    /// <summary>What MLflow has of it so far, oldest first.</summary>
    internal async Task<List<StoredTrace>> TracesAsync()
    {
        Assert.True(_services.GetRequiredService<TracerProvider>().ForceFlush(30_000));
        return await StoredTrace.OfExperimentAsync(_services.GetRequiredService<MlflowClient>(), _mlflow, Experiment, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await LlamaStack.DisposeAsync();
        _mlflow.Dispose();
    }
}
