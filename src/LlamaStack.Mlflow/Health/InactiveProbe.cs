namespace LlamaStack.Mlflow;

/// <summary>Tracing is switched off: that is as it should be.</summary>
/// <param name="what">What says so.</param>
internal sealed class InactiveProbe(string what) : IProbe
{
    public string Name => HealthChecks.Mlflow;

    public string Subject => "MLflow";

    public Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken) => Task.FromResult(ProbeResult.Healthy($"Tracing is switched off ({what}): no trace is made."));
}
