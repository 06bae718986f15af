using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LlamaStack.Mlflow;

/// <summary>A health check that tells what the monitor found last.</summary>
internal sealed class MonitoredHealthCheck(HealthMonitor monitor) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var result = await monitor.GetAsync(context.Registration.Name, cancellationToken).ConfigureAwait(false);
        return new HealthCheckResult(result.Status is HealthStatus.Unhealthy ? context.Registration.FailureStatus : result.Status, result.Description);
    }
}
