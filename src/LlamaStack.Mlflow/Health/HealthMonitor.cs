using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;

namespace LlamaStack.Mlflow;

/// <summary>Probes the servers in the background, so that a scrape of the health endpoint asks none of them; says in the log what changed.</summary>
internal sealed class HealthMonitor(IEnumerable<IProbe> probes, IOptions<MlflowTracingOptions> options, ILogger<HealthMonitor> logger, TimeProvider time) : BackgroundService
{
    /// <summary>A server that takes longer to say how it is, is not well.</summary>
    private static readonly TimeSpan _probeTimeout = TimeSpan.FromSeconds(4);

    private readonly ConcurrentDictionary<string, ProbeResult> _results = [];
    private readonly TaskCompletionSource _firstRound = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The newest result; the first one is waited for. Without a host nobody asks in the background: it is asked now.</summary>
    public async Task<ProbeResult> GetAsync(string name, CancellationToken cancellationToken)
    {
        if (ExecuteTask is null)
        {
            await ProbeAllAsync(cancellationToken).ConfigureAwait(false);
        }

        if (!_results.TryGetValue(name, out var result))
        {
            await _firstRound.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        return result ?? _results.GetValueOrDefault(name) ?? ProbeResult.Unhealthy("Not probed.");
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.FailOnStart)
        {
            await ProbeAllAsync(cancellationToken).ConfigureAwait(false);
            if (_results.GetValueOrDefault(HealthChecks.Mlflow) is { Status: HealthStatus.Unhealthy } failure)
            {
                throw new InvalidOperationException($"The host does not start, since LlamaStack:Tracing:FailOnStart is set and traces could not be delivered. {failure.Description}");
            }
        }

        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.HealthProbeInterval, time);
        try
        {
            do
            {
                await ProbeAllAsync(stoppingToken).ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
        finally
        {
            _firstRound.TrySetResult();
        }
    }

    private async Task ProbeAllAsync(CancellationToken cancellationToken)
    {
        // No probe is ever traced, whatever the application listens to.
        using var suppressed = SuppressInstrumentationScope.Begin();
        await Task.WhenAll(probes.Select(probe => ProbeAsync(probe, cancellationToken))).ConfigureAwait(false);
        _firstRound.TrySetResult();
    }

    private async Task ProbeAsync(IProbe probe, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_probeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        ProbeResult result;
        try
        {
            result = await probe.ProbeAsync(either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            result = ProbeResult.Unhealthy(limit.IsCancellationRequested ? $"{probe.Subject} did not answer within {_probeTimeout.TotalSeconds:0} seconds." : e.Message);
        }

        var before = _results.GetValueOrDefault(probe.Name);
        _results[probe.Name] = result;
        if (result.Status is HealthStatus.Healthy)
        {
            if (before?.Status is not HealthStatus.Healthy)
            {
                logger.Healthy(probe.Name, result.Description);
            }
        }
        else if (before?.Description != result.Description)
        {
            logger.NotHealthy(probe.Name, result.Description);
        }
    }
}
