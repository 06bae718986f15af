using LlamaStack.Mlflow;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.SemanticKernel;
using OpenTelemetry.Trace;

namespace SemanticKernel;

/// <summary>What has become of the traces.</summary>
internal static class Traces
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    /// <summary>Sends what still waits, and says where it can be looked at.</summary>
    /// <returns>False where the traces did not arrive.</returns>
    public static async Task<bool> ShowAsync(Kernel kernel, IReadOnlyList<string> traces, bool isStandIn, TextWriter writer)
    {
        var options = kernel.Services.GetRequiredService<IOptions<MlflowTracingOptions>>().Value;
        if (traces.Count == 0)
        {
            await writer.WriteLineAsync("\nNothing was traced: tracing is switched off (MLFLOW_ENABLE_TRACING or LlamaStack__Tracing__Enabled).");
            return true;
        }

        var arrived = kernel.GetRequiredService<TracerProvider>().ForceFlush((int)_patience.TotalMilliseconds);
        if (options.Mode is TracingMode.Otlp)
        {
            await writer.WriteLineAsync("\nThe traces were sent over OTLP: look for their ids where the Collector passes them on to.");
            return arrived;
        }

        try
        {
            using var limit = new CancellationTokenSource(_patience);
            var mlflow = kernel.GetRequiredService<MlflowClient>();
            var experiment = options.ExperimentId ?? (await mlflow.GetExperimentByNameAsync(options.ExperimentName!, limit.Token))?.Id;
            await writer.WriteLineAsync($"\nIn MLflow at {options.TrackingUri}{(isStandIn ? ", a stand-in without pages to look at" : "")}:");
            foreach (var id in traces)
            {
                var trace = await mlflow.GetTraceAsync(id, limit.Token);
                arrived &= trace is not null;
                var place = isStandIn ? id : Link(options.TrackingUri!, experiment, id);
                await writer.WriteLineAsync(trace is null ? $"  {id} has not arrived" : $"  {place}  {trace.State}");
            }
        }
        catch (Exception e) when (e is MlflowException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"MLflow could not be asked for the traces. {e.Message}");
            return false;
        }

        return arrived;
    }

    private static string Link(Uri server, string? experiment, string trace) =>
        $"{server.AbsoluteUri.TrimEnd('/')}/#/experiments/{experiment}/traces?traceId={trace}";
}
