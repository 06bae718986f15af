namespace LlamaStack.Mlflow;

/// <summary>Tracing is switched off: that is as it should be.</summary>
internal sealed class InactiveProbe : IProbe
{
    public string Name => HealthChecks.Mlflow;

    public string Subject => "MLflow";

    public Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ProbeResult.Healthy("Tracing to MLflow is switched off (MLFLOW_ENABLE_TRACING or LlamaStack:Tracing:Enabled)."));
}
