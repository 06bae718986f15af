using System.Threading.Channels;
using OpenTelemetry;

namespace LlamaStack.Mlflow;

/// <summary>
/// Takes whole traces within bounds and brings them away, off every caller's path: one worker encodes them into the store, another takes batches from there and
/// has them delivered, as many at a time as the option says.
/// </summary>
internal sealed class MlflowExporter : ITraceSink
{
    private static readonly TimeSpan _givenByDispose = TimeSpan.FromSeconds(5);

    /// <summary>What a lasting store holds is tried again after this, when trying has taken its time already.</summary>
    private static readonly TimeSpan _rest = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Channel<CompletedTrace> _inbox = Channel.CreateUnbounded<CompletedTrace>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _requests;
    private readonly ITraceStore _store;
    private readonly TraceEncoder _encoder;
    private readonly MlflowDelivery _delivery;
    private readonly MlflowTracingOptions _options;
    private readonly DeliveryState _state;
    private readonly TimeProvider _time;
    private TaskCompletionSource _wake = NewSignal();
    private TaskCompletionSource _idle = NewSignal();
    private TaskCompletionSource _stored = NewSignal();
    private Task? _workers;
    private long _inboxBytes;
    private int _inboxCount;
    private int _unfinished;
    private bool _hurry;

    public MlflowExporter(TraceEncoder encoder, Func<Action, Action<int>, ITraceStore> store, MlflowDelivery delivery, MlflowTracingOptions options, DeliveryState state, TimeProvider time)
    {
        _encoder = encoder;
        _delivery = delivery;
        _options = options;
        _state = state;
        _time = time;
        _requests = new SemaphoreSlim(options.MaxConcurrentRequests);
        _idle.SetResult();
        _stored.SetResult();
        state.Queued = () => _unfinished;
        _store = store(Wake, Finished);
        if (_store.IsLasting)
        {
            // What was left there does not wait for a first trace.
            _workers = StartWorkers();
        }
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
            else if (_inboxCount + _store.MemoryCount < _options.MaxQueuedTraces && _inboxBytes + _store.MemoryBytes + trace.Size <= _options.MaxQueuedBytes)
            {
                if (_unfinished++ == 0)
                {
                    _idle = NewSignal();
                }

                if (_inboxCount++ == 0)
                {
                    _stored = NewSignal();
                }

                _inboxBytes += trace.Size;
                _inbox.Writer.TryWrite(trace);
                _workers ??= StartWorkers();
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
            if (_inboxCount == 0)
            {
                _wake.TrySetResult();
            }
        }

        return idle.Wait(timeout);
    }

    public bool Shutdown(TimeSpan timeout)
    {
        timeout = ShutdownTimeout(timeout, _options.ShutdownTimeout);
        bool all;
        if (_store.IsLasting && _state.Problem is not null)
        {
            // The server is away, and what is on disk is safe.
            Task stored;
            lock (_lock)
            {
                stored = _stored.Task;
            }

            all = stored.Wait(timeout);
        }
        else
        {
            all = Flush(timeout);
        }

        _stop.Cancel();
        _inbox.Writer.TryComplete();
        Wake();
        return all;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _inbox.Writer.TryComplete();
        Wake();
        if (_workers?.Wait(TimeSpan.FromSeconds(1)) is not false)
        {
            _stop.Dispose();
            _requests.Dispose();
        }

        _store.Dispose();
    }

    /// <summary>The option, unless whoever shuts down is in more of a hurry. What the provider's own <c>Dispose</c> gives is nobody's wish: it is the same always.</summary>
    internal static TimeSpan ShutdownTimeout(TimeSpan given, TimeSpan option) =>
        given < TimeSpan.Zero || given == _givenByDispose || given > option ? option : given;

    private bool HasFullBatch => _store.Count >= _options.MaxBatchTraces || _store.Bytes >= MemoryQueue.MaxBatchBytes;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task NextWake()
    {
        lock (_lock)
        {
            _wake = NewSignal();
            return _wake.Task;
        }
    }

    private Task StartWorkers()
    {
        // Nothing of the caller that happens to be first: not its activity, not its culture, not its scopes.
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(WorkAsync);
        }
    }

    private void Wake()
    {
        lock (_lock)
        {
            _wake.TrySetResult();
        }
    }

    private async Task WorkAsync()
    {
        using var suppressed = SuppressInstrumentationScope.Begin();
        await Task.WhenAll(Task.Run(EncodeAsync), Task.Run(SendAsync)).ConfigureAwait(false);
        DropWaiting();

        // What stays on disk nobody waits for any more.
        Finished(_unfinished);
    }

    private async Task EncodeAsync()
    {
        await foreach (var trace in _inbox.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            var lost = _stop.IsCancellationRequested && !_store.IsLasting ? "shutdown" : Store(trace);
            trace.ReleaseContent();
            lock (_lock)
            {
                _inboxBytes -= trace.Size;
                if (--_inboxCount == 0)
                {
                    _stored.TrySetResult();
                }

                if (_store.Count == 1 || HasFullBatch || (_hurry && _inboxCount == 0))
                {
                    _wake.TrySetResult();
                }
            }

            if (lost is not null)
            {
                _state.Drop(lost, 1);
                Finished(1);
            }
        }
    }

    /// <summary>Encodes a trace and has it kept.</summary>
    /// <returns>Why it is lost; null where it is not.</returns>
    private string? Store(CompletedTrace trace)
    {
        try
        {
            return _encoder.Encode(trace) is { } encoded ? _store.Add(encoded) : "too_big";
        }
        catch (Exception e)
        {
            _state.Failed(e);
            return "error";
        }
    }

    private async Task SendAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await WaitForBatchAsync().ConfigureAwait(false);
            await _requests.WaitAsync().ConfigureAwait(false);
            var wake = NextWake();
            var traces = _stop.IsCancellationRequested ? [] : _store.Take(_options.MaxBatchTraces);
            if (traces.Count == 0)
            {
                // What waits belongs to traces that are on their way, if anything waits.
                _requests.Release();
                await Task.WhenAny(wake, Task.Delay(_options.ExportInterval, _time, _stop.Token)).ConfigureAwait(false);
                continue;
            }

            var delivered = DeliverAsync(traces);
            if (_options.MaxConcurrentRequests == 1)
            {
                await delivered.ConfigureAwait(false);
            }
        }

        // Those on their way end by the same signal.
        for (var request = 0; request < _options.MaxConcurrentRequests; request++)
        {
            await _requests.WaitAsync().ConfigureAwait(false);
        }
    }

    private async Task DeliverAsync(List<EncodedTrace> traces)
    {
        var batch = new TraceBatch(_store, traces, Finished);
        try
        {
            var answer = await _delivery.DeliverAsync(batch, _stop.Token).ConfigureAwait(false);
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
            _state.Failed(e);
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
        if (!_store.IsLasting)
        {
            Lose(batch, reason);
            return;
        }

        await Task.Delay(_rest, _time, _stop.Token).ConfigureAwait(false);
        _store.PutBack(batch.Open);
    }

    private void Lose(TraceBatch batch, string reason)
    {
        if (batch.Open.Count == 0)
        {
            return;
        }

        if (reason == "shutdown" && _store.IsLasting)
        {
            _store.PutBack(batch.Open);
            Finished(batch.Open.Count(trace => !trace.IsFromBefore));
            return;
        }

        _state.Drop(reason, batch.Open.Count);
        batch.Settle([.. batch.Open]);
    }

    /// <summary>Waits for a first trace, then for as many more as make a full batch, or until the first has waited long enough.</summary>
    private async Task WaitForBatchAsync()
    {
        Task wake;
        lock (_lock)
        {
            var isEmpty = _store.Count == 0 && !_stop.IsCancellationRequested;
            if (isEmpty)
            {
                _wake = NewSignal();
            }

            wake = isEmpty ? _wake.Task : Task.CompletedTask;
        }

        await wake.ConfigureAwait(false);
        lock (_lock)
        {
            if ((_hurry && _inboxCount == 0) || HasFullBatch || _store.HasBacklog || _stop.IsCancellationRequested)
            {
                return;
            }

            _wake = NewSignal();
            wake = _wake.Task;
        }

        await Task.WhenAny(wake, Task.Delay(_options.ExportInterval, _time, _stop.Token)).ConfigureAwait(false);
    }

    /// <summary>Without a lasting store, what has not left by the end is lost.</summary>
    private void DropWaiting()
    {
        if (_store.IsLasting)
        {
            return;
        }

        while (_store.Take(int.MaxValue) is { Count: > 0 } traces)
        {
            _state.Drop("shutdown", traces.Count);
            _store.Done(traces);
            Finished(traces.Count);
        }
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
