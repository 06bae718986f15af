using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LlamaStack.Mlflow;

/// <summary>What a probe found: how it is, and in words that name the setting to change.</summary>
internal sealed record ProbeResult(HealthStatus Status, string Description)
{
    public static ProbeResult Healthy(string description) => new(HealthStatus.Healthy, description);

    public static ProbeResult Degraded(string description) => new(HealthStatus.Degraded, description);

    public static ProbeResult Unhealthy(string description) => new(HealthStatus.Unhealthy, description);
}
