using LlamaStack.Mlflow;
using Microsoft.Extensions.Options;
using OpenTelemetry.Trace;

namespace WebApi;

/// <summary><c>GET /traces</c>: the newest traces of the experiment, as MLflow tells them.</summary>
internal static class TracesEndpoint
{
    public static async Task<IResult> ListAsync(
        IServiceProvider services, IOptions<MlflowTracingOptions> options, TracerProvider tracing, int max = 20, CancellationToken cancellationToken = default)
    {
        if (max is < 1 or > 500)
        {
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["max"] = ["The parameter \"max\" must be from 1 to 500."] });
        }

        if (options.Value.TrackingUri is null)
        {
            return TypedResults.Problem("Traces go to a Collector, and where MLflow is was not said: set MLFLOW_TRACKING_URI to see them here.", statusCode: StatusCodes.Status501NotImplemented);
        }

        // Without MLflow's address there is none to be had.
        var mlflow = services.GetRequiredService<MlflowClient>();

        // Traces wait a second for others to be sent with; whoever looks for the last one is not made to.
        await Task.Run(() => tracing.ForceFlush(2000), cancellationToken);
        try
        {
            List<TraceLine> traces = [];
            if (await mlflow.GetExperimentByNameAsync(options.Value.ExperimentName!, cancellationToken) is { } experiment)
            {
                await foreach (var trace in mlflow.SearchTracesAsync(experiment.Id, pageSize: max, cancellationToken: cancellationToken).Take(max))
                {
                    traces.Add(new TraceLine(
                        trace.TraceId, trace.Name, trace.State, trace.RequestPreview, trace.ResponsePreview, trace.TokenUsage?.Total, trace.Duration?.TotalMilliseconds, trace.RequestTime, trace.Session, trace.User));
                }
            }

            return TypedResults.Ok<IReadOnlyList<TraceLine>>(traces);
        }
        catch (MlflowException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status502BadGateway);
        }
    }
}
