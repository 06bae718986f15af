using System.Threading.Channels;
using OpenTelemetry;

namespace LlamaStack.Mlflow;

/// <summary>
/// Takes whole traces within bounds and brings them away, off every caller's path: one worker encodes them into the store, another sends them from there.
/// </summary>
internal sealed class MlflowExporter : ITraceSink
{
    private static readonly TimeSpan _givenByDispose = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Channel<CompletedTrace> _inbox = Channel.CreateUnbounded<CompletedTrace>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly ITraceStore _store;
    private readonly TraceEncoder _encoder;
    private readonly BatchSender _sender;
    private readonly MlflowTracingOptions _options;
    private readonly DeliveryState _state;
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
        _options = options;
        _state = state;
        _idle.SetResult();
        _stored.SetResult();
        state.Queued = () => _unfinished;
        _store = store(() => _sender!.Wake(), Finished);
        _sender = new BatchSender(_store, delivery, options, state, time, IsInHurry, Finished, _stop.Token);
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
        }

        if (IsInHurry())
        {
            _sender.Wake();
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
        _sender.Wake();
        return all;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _inbox.Writer.TryComplete();
        _sender.Wake();
        if (_workers?.Wait(TimeSpan.FromSeconds(1)) is not false)
        {
            _stop.Dispose();
            _sender.Dispose();
        }

        _store.Dispose();
    }

    /// <summary>The option, unless whoever shuts down is in more of a hurry. What the provider's own <c>Dispose</c> gives is nobody's wish: it is the same always.</summary>
    internal static TimeSpan ShutdownTimeout(TimeSpan given, TimeSpan option) =>
        given < TimeSpan.Zero || given == _givenByDispose || given > option ? option : given;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task StartWorkers()
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
        await Task.WhenAll(Task.Run(EncodeAsync), Task.Run(_sender.RunAsync)).ConfigureAwait(false);
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
            }

            if (_store.Count == 1 || _sender.HasFullBatch || IsInHurry())
            {
                _sender.Wake();
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
            if (_encoder.Encode(trace) is not { } encoded)
            {
                return "too_big";
            }

            var lost = _store.Add(encoded);
            if (lost is not null)
            {
                encoded.Release();
            }

            return lost;
        }
        catch (Exception e)
        {
            _state.Failed(e);
            return "error";
        }
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

    /// <summary>Does someone wait for all there is, and is all of it in the store?</summary>
    private bool IsInHurry()
    {
        lock (_lock)
        {
            return _hurry && _inboxCount == 0;
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
