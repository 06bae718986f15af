using System.Net;
using Microsoft.Extensions.Logging;

namespace LlamaStack.Mlflow;

/// <summary>The server that traces go to: the experiment that takes them, found or created once, and the version, which decides what one request can say.</summary>
internal sealed class MlflowServer(MlflowClient client, MlflowTracingOptions options, ILogger<MlflowServer> logger) : IDisposable
{
    /// <summary>From this version on a trace's name, session, user and tags can be told by attributes of its root.</summary>
    private static readonly Version _tellsAllByAttributes = new(3, 14);

    private readonly SemaphoreSlim _lock = new(1);
    private Target? _target;
    private bool _said;

    /// <summary>Gets where traces go, as far as that is known.</summary>
    public Target? Known => Volatile.Read(ref _target);

    /// <summary>Where traces go.</summary>
    /// <exception cref="MlflowException">The server refuses, cannot be reached, or the experiment is not there or deleted.</exception>
    public async ValueTask<Target> GetTargetAsync(CancellationToken cancellationToken)
    {
        if (Known is { } known)
        {
            return known;
        }

        await _lock.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _target ?? await FindAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _lock.Release();
        }
    }

    /// <summary>The experiment is gone: it is looked for anew with the next trace.</summary>
    public void Forget() => Volatile.Write(ref _target, null);

    public void Dispose() => _lock.Dispose();

    private async Task<Target> FindAsync(CancellationToken cancellationToken)
    {
        var version = await client.GetVersionAsync(cancellationToken).ConfigureAwait(false);
        var experiment = options.ExperimentId is { Length: > 0 } id
            ? await client.GetExperimentAsync(id, cancellationToken).ConfigureAwait(false)
                ?? throw new MlflowException(
                    $"MLflow has no experiment with the id {id}: set LlamaStack:Tracing:ExperimentId or MLFLOW_EXPERIMENT_ID to one that exists, or ExperimentName, which is created if missing.",
                    HttpStatusCode.NotFound,
                    MlflowClient.DoesNotExist)
            : await client.GetOrCreateExperimentAsync(string.IsNullOrWhiteSpace(options.ExperimentName) ? "Default" : options.ExperimentName, cancellationToken).ConfigureAwait(false);
        if (experiment.IsDeleted)
        {
            throw MlflowClient.Deleted(experiment);
        }

        var target = new Target(experiment.Id, experiment.Name, version, version >= _tellsAllByAttributes);
        Volatile.Write(ref _target, target);
        if (!_said)
        {
            _said = true;
            logger.TracesGoToMlflow(options.Address, experiment.Name);
        }

        return target;
    }

    internal sealed record Target(string ExperimentId, string ExperimentName, Version Version, bool TellsAllByAttributes);
}
