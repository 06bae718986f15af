using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LlamaStack.Mlflow;

/// <summary>A health check that tells what the monitor found last; that of tracing with what the exporter has counted until now.</summary>
internal sealed class MonitoredHealthCheck(HealthMonitor monitor, ExporterMetrics metrics) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var result = await monitor.GetAsync(context.Registration.Name, cancellationToken).ConfigureAwait(false);
        var status = result.Status is HealthStatus.Unhealthy ? context.Registration.FailureStatus : result.Status;
        return context.Registration.Name == HealthChecks.Mlflow
            ? new HealthCheckResult(status, result.Description + metrics.MissingCalls(), data: metrics.Read())
            : new HealthCheckResult(status, result.Description);
    }
}
