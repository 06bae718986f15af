using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>A kernel, a LlamaStack and an MLflow, with everything in between. One at a time: every tracer provider of a process sees all of its spans.</summary>
[CollectionDefinition(nameof(WholePath), DisableParallelization = true)]
public sealed class WholePath : IAsyncDisposable
{
    private WholePath(LlamaStackTestServer llamaStack, MlflowTestServer mlflow, Kernel kernel)
    {
        LlamaStack = llamaStack;
        Mlflow = mlflow;
        Kernel = kernel;
    }

    public LlamaStackTestServer LlamaStack { get; }

    public MlflowTestServer Mlflow { get; }

    public Kernel Kernel { get; }

    internal static async Task<WholePath> StartAsync(Action<LlamaStack.Mlflow.MlflowTracingOptions>? tracing = null, Action<IKernelBuilder>? configure = null, Action<IKernelBuilder>? before = null)
    {
        var llamaStack = await LlamaStackTestServer.StartAsync(cancellationToken: Ct);
        var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Ct);
        var builder = Kernel.CreateBuilder();
        before?.Invoke(builder);
        builder.AddLlamaStack(options => options.Endpoint = llamaStack.Endpoint).WithMlflowTracing(options =>
        {
            options.TrackingUri = mlflow.Endpoint;
            options.ExportInterval = TimeSpan.FromMilliseconds(10);
            tracing?.Invoke(options);
        });
        builder.Plugins.AddFromType<WeatherPlugin>(WeatherPlugin.Name);
        configure?.Invoke(builder);
        return new WholePath(llamaStack, mlflow, builder.Build());
    }

    /// <summary>The one trace in which all model calls so far are.</summary>
    public async Task<MlflowTestTrace> TraceAsync()
    {
        var parents = LlamaStack.Requests.Where(request => request.Method == "POST").Select(request => request.Headers["traceparent"].Split('-')[1]);
        return await Mlflow.WaitForTraceAsync(Assert.Single(parents.Distinct()), Ct).Soon();
    }

    public async ValueTask DisposeAsync()
    {
        await ((ServiceProvider)Kernel.Services).DisposeAsync();
        await LlamaStack.DisposeAsync();
        await Mlflow.DisposeAsync();
    }
}
