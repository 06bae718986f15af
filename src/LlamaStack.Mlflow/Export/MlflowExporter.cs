using OpenTelemetry;

namespace LlamaStack.Mlflow;

/// <summary>Takes whole traces, queues them within bounds, and has them delivered in batches by one worker, off every caller's path.</summary>
internal sealed class MlflowExporter : ITraceSink
{
    /// <summary>More content than this does not go into one request, however few the traces.</summary>
    private const long MaxBatchBytes = 1024 * 1024;

    private static readonly TimeSpan _givenByDispose = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Queue<CompletedTrace> _queue = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly MlflowDelivery _delivery;
    private readonly MlflowTracingOptions _options;
    private readonly DeliveryState _state;
    private readonly TimeProvider _time;
    private TaskCompletionSource _wake = NewSignal();
    private TaskCompletionSource _idle = NewSignal();
    private Task? _worker;
    private long _bytes;
    private int _unfinished;
    private bool _hurry;

    public MlflowExporter(MlflowDelivery delivery, MlflowTracingOptions options, DeliveryState state, TimeProvider time)
    {
        _delivery = delivery;
        _options = options;
        _state = state;
        _time = time;
        _idle.SetResult();
        state.Queued = () => _unfinished;
    }

    public void Send(CompletedTrace trace)
    {
        var reason = "queue_full";
        lock (_lock)
        {
            if (_stop.IsCancellationRequested)
            {
                reason = "shutdown";
            }
            else if (_queue.Count < _options.MaxQueuedTraces && _bytes + trace.Size <= _options.MaxQueuedBytes)
            {
                _queue.Enqueue(trace);
                _bytes += trace.Size;
                if (_unfinished++ == 0)
                {
                    _idle = NewSignal();
                }

                _worker ??= StartWorker();
                if (_queue.Count == 1 || HasFullBatch)
                {
                    _wake.TrySetResult();
                }

                return;
            }
        }

        _state.Drop(reason, 1);
        trace.ReleaseContent();
    }

    public bool Flush(TimeSpan timeout)
    {
        Task idle;
        lock (_lock)
        {
            idle = _idle.Task;
            _hurry = _unfinished > 0;
            _wake.TrySetResult();
        }

        return idle.Wait(timeout);
    }

    public bool Shutdown(TimeSpan timeout)
    {
        var all = Flush(ShutdownTimeout(timeout, _options.ShutdownTimeout));
        _stop.Cancel();
        int left;
        lock (_lock)
        {
            left = _queue.Count;
            foreach (var trace in _queue)
            {
                trace.ReleaseContent();
            }

            _queue.Clear();
            _bytes = 0;
            _wake.TrySetResult();
        }

        Finished(left);

        if (left > 0)
        {
            _state.Drop("shutdown", left);
        }

        return all;
    }

    public void Dispose()
    {
        _stop.Cancel();
        if (_worker?.Wait(TimeSpan.FromSeconds(1)) is not false)
        {
            _stop.Dispose();
        }
    }

    /// <summary>The option, unless whoever shuts down is in more of a hurry. What the provider's own <c>Dispose</c> gives is nobody's wish: it is the same always.</summary>
    internal static TimeSpan ShutdownTimeout(TimeSpan given, TimeSpan option) =>
        given < TimeSpan.Zero || given == _givenByDispose || given > option ? option : given;

    private bool HasFullBatch => _queue.Count >= _options.MaxBatchTraces || _bytes >= MaxBatchBytes;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task StartWorker()
    {
        // Nothing of the caller that happens to be first: not its activity, not its culture, not its scopes.
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(WorkAsync);
        }
    }

    private async Task WorkAsync()
    {
        using var suppressed = SuppressInstrumentationScope.Begin();
        while (!_stop.IsCancellationRequested)
        {
            await WaitForBatchAsync().ConfigureAwait(false);
            var batch = Take();
            if (batch.Count == 0)
            {
                continue;
            }

            try
            {
                await _delivery.DeliverAsync(batch, _stop.Token).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                _state.Failed(e);
                _state.Drop("error", batch.Count);
            }
            finally
            {
                batch.ForEach(trace => trace.ReleaseContent());
                Finished(batch.Count);
            }
        }
    }

    /// <summary>Waits for a first trace, then for as many more as make a full batch, or until the first has waited long enough.</summary>
    private async Task WaitForBatchAsync()
    {
        Task wake;
        lock (_lock)
        {
            var isEmpty = _queue.Count == 0 && !_stop.IsCancellationRequested;
            if (isEmpty)
            {
                _wake = NewSignal();
            }

            wake = isEmpty ? _wake.Task : Task.CompletedTask;
        }

        await wake.ConfigureAwait(false);
        lock (_lock)
        {
            if (_hurry || HasFullBatch || _stop.IsCancellationRequested)
            {
                return;
            }

            _wake = NewSignal();
            wake = _wake.Task;
        }

        await Task.WhenAny(wake, Task.Delay(_options.ExportInterval, _time, _stop.Token)).ConfigureAwait(false);
    }

    private List<CompletedTrace> Take()
    {
        List<CompletedTrace> batch = [];
        lock (_lock)
        {
            long bytes = 0;
            while (batch.Count < _options.MaxBatchTraces && _queue.TryPeek(out var next) && (batch.Count == 0 || bytes + next.Size <= MaxBatchBytes))
            {
                batch.Add(_queue.Dequeue());
                bytes += next.Size;
            }

            _bytes -= bytes;
        }

        return batch;
    }

    private void Finished(int traces)
    {
        lock (_lock)
        {
            _unfinished -= traces;
            if (_unfinished == 0)
            {
                _hurry = false;
                _idle.TrySetResult();
            }
        }
    }
}
