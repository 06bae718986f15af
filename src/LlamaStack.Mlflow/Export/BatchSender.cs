namespace LlamaStack.Mlflow;

/// <summary>Takes batches from the store and has them delivered, as many at a time as the option says. It waits for full ones, for no longer than the option says.</summary>
internal sealed class BatchSender(
    ITraceStore store, MlflowDelivery delivery, MlflowTracingOptions options, DeliveryState state, TimeProvider time, Func<bool> isInHurry, Action<int> finished, CancellationToken stop) : IDisposable
{
    /// <summary>What a lasting store holds is tried again after this, when trying has taken its time already.</summary>
    private static readonly TimeSpan _rest = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _requests = new(options.MaxConcurrentRequests);
    private TaskCompletionSource _wake = NewSignal();

    public bool HasFullBatch => store.Count >= options.MaxBatchTraces || store.Bytes >= MemoryQueue.MaxBatchBytes;

    /// <summary>Something may have come that is worth sending: a first trace, a full batch, a wish to hurry, the end.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            _wake.TrySetResult();
        }
    }

    /// <summary>Sends until the end is signalled; those on their way then end by the same signal.</summary>
    public async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            await WaitForBatchAsync().ConfigureAwait(false);
            await _requests.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            var wake = NextWake();
            var traces = stop.IsCancellationRequested ? [] : store.Take(options.MaxBatchTraces);
            if (traces.Count == 0)
            {
                // What waits belongs to traces that are on their way, if anything waits.
                _requests.Release();
                await Task.WhenAny(wake, Task.Delay(options.ExportInterval, time, stop)).ConfigureAwait(false);
                continue;
            }

            var delivered = DeliverAsync(traces);
            if (options.MaxConcurrentRequests == 1)
            {
                await delivered.ConfigureAwait(false);
            }
        }

        for (var request = 0; request < options.MaxConcurrentRequests; request++)
        {
            await _requests.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    public void Dispose() => _requests.Dispose();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task NextWake()
    {
        lock (_lock)
        {
            _wake = NewSignal();
            return _wake.Task;
        }
    }

    /// <summary>Waits for a first trace, then for as many more as make a full batch, or until the first has waited long enough.</summary>
    private async Task WaitForBatchAsync()
    {
        Task wake;
        lock (_lock)
        {
            var isEmpty = store.Count == 0 && !stop.IsCancellationRequested;
            if (isEmpty)
            {
                _wake = NewSignal();
            }

            wake = isEmpty ? _wake.Task : Task.CompletedTask;
        }

        await wake.ConfigureAwait(false);
        lock (_lock)
        {
            if (isInHurry() || HasFullBatch || store.HasBacklog || stop.IsCancellationRequested)
            {
                return;
            }

            _wake = NewSignal();
            wake = _wake.Task;
        }

        await Task.WhenAny(wake, Task.Delay(options.ExportInterval, time, stop)).ConfigureAwait(false);
    }

    private async Task DeliverAsync(List<EncodedTrace> traces)
    {
        var batch = new TraceBatch(store, traces, finished);
        try
        {
            var answer = await delivery.DeliverAsync(batch, stop).ConfigureAwait(false);
            if (batch.Open.Count > 0)
            {
                await GiveBackAsync(batch, answer.Result is ExportResult.TryAgain or ExportResult.TryAgainBriefly ? "unreachable" : "refused").ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            Lose(batch, "shutdown");
        }
        catch (Exception e)
        {
            state.Failed(e);
            Lose(batch, "error");
        }
        finally
        {
            _requests.Release();
            Wake();
        }
    }

    /// <summary>What could not be delivered stays where it lasts, and is lost where it does not.</summary>
    private async Task GiveBackAsync(TraceBatch batch, string reason)
    {
        if (!store.IsLasting)
        {
            Lose(batch, reason);
            return;
        }

        await Task.Delay(_rest, time, stop).ConfigureAwait(false);
        store.PutBack(batch.Open);
    }

    private void Lose(TraceBatch batch, string reason)
    {
        if (batch.Open.Count == 0)
        {
            return;
        }

        if (reason == "shutdown" && store.IsLasting)
        {
            store.PutBack(batch.Open);
            finished(batch.Open.Count(trace => !trace.IsFromBefore));
            return;
        }

        state.Drop(reason, batch.Open.Count);
        batch.Settle([.. batch.Open]);
    }
}
