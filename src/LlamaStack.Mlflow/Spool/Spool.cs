namespace LlamaStack.Mlflow;

/// <summary>
/// Encoded traces on disk: each is written before memory lets go of it, and stays until it has arrived. What other processes have left, for the same server and
/// experiment, is sent too, file by file, in turn with what is new.
/// </summary>
/// <remarks>Where the disk does not take a trace, it waits in memory.</remarks>
internal sealed class Spool : ITraceStore
{
    private static readonly TimeSpan _flushInterval = TimeSpan.FromSeconds(1);

    /// <summary>How often it is looked for what others have left, in flushes.</summary>
    private const int FlushesBetweenScans = 30;

    private readonly Lock _lock = new();
    private readonly SpoolFiles _files;
    private readonly MlflowTracingOptions _options;
    private readonly DeliveryState _state;
    private readonly Action _found;
    private readonly Action<int> _lose;
    private readonly ITimer _flush;
    private readonly TracesOnTheirWay _taken = new();
    private readonly MemoryQueue _memory = new();
    private readonly LinkedList<EncodedTrace> _again = [];
    private int _flushes;
    private bool _isDisposed;

    /// <summary>Opens the spool and looks for what was left there.</summary>
    /// <param name="files">The files, of which nobody else of this process knows.</param>
    /// <param name="options">How much may wait in memory.</param>
    /// <param name="state">Is told how it goes.</param>
    /// <param name="time">When to flush, and to look again for what was left.</param>
    /// <param name="found">Is called when something was found.</param>
    /// <param name="lose">Is told how many of this process's traces were lost.</param>
    public Spool(SpoolFiles files, MlflowTracingOptions options, DeliveryState state, TimeProvider time, Action found, Action<int> lose)
    {
        _files = files;
        _options = options;
        _state = state;
        _found = found;
        _lose = lose;
        state.Spooled = () => Locked(static spool => spool._files.Unsettled);
        lock (_lock)
        {
            _files.Scan();
        }

        _flush = time.CreateTimer(_ => Tick(), null, _flushInterval, _flushInterval);
    }

    public int Count => Locked(static spool => spool._files.Unread + spool._again.Count + spool._memory.Count);

    public long Bytes => Locked(static spool => spool._files.UnreadBytes + spool._memory.Bytes);

    public int MemoryCount => _memory.Count;

    public long MemoryBytes => _memory.Bytes;

    public bool IsLasting => true;

    public bool HasBacklog => Locked(static spool => spool._files.HasLeft || spool._again.Count > 0);

    public string? Add(EncodedTrace trace)
    {
        lock (_lock)
        {
            if (!_files.HasRoomFor(trace))
            {
                return "spool_full";
            }

            try
            {
                _files.Append(trace);
                trace.Release();
                _state.SpoolWorks();
                return null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _state.SpoolFails($"The spool at {_files.Path} cannot be written to: {e.Message} Traces wait in memory.");
                return _memory.Bytes + trace.Size > _options.MaxQueuedBytes || _memory.Count >= _options.MaxQueuedTraces ? "queue_full" : _memory.Add(trace);
            }
        }
    }

    public List<EncodedTrace> Take(int maxTraces)
    {
        List<EncodedTrace> batch;
        int lost;
        lock (_lock)
        {
            batch = TakeAgain(maxTraces);
            if (batch.Count == 0)
            {
                batch = _memory.Take(maxTraces);
            }

            for (var side = 0; side < 2 && batch.Count == 0; side++)
            {
                batch = _files.ReadNext(maxTraces);
                if (batch.Exists(trace => _taken.Has(trace.TraceId)))
                {
                    // Another part of one of them is on its way: all wait, in their order.
                    PutFirst(batch);
                    batch = [];
                }
            }

            _taken.Add(batch);
            lost = _files.TakeLost();
        }

        if (lost > 0)
        {
            _lose(lost);
        }

        return batch;
    }

    public void Done(IReadOnlyCollection<EncodedTrace> traces)
    {
        lock (_lock)
        {
            _taken.Remove(traces);
            _memory.Done(traces);
            _files.Settle(traces);
        }
    }

    public void PutBack(IReadOnlyList<EncodedTrace> traces)
    {
        lock (_lock)
        {
            _taken.Remove(traces);
            _memory.PutBack([.. traces.Where(trace => !_files.Holds(trace))]);
            PutFirst(traces.Where(_files.Holds));
        }
    }

    /// <summary>What has not arrived stays on disk, for the next who opens the spool.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _flush.Dispose();
            MoveToDisk();
            if (_memory.Count > 0)
            {
                _state.Drop("shutdown", _memory.Count);
            }

            _files.Close();
        }
    }

    private T Locked<T>(Func<Spool, T> read)
    {
        lock (_lock)
        {
            return read(this);
        }
    }

    private void PutFirst(IEnumerable<EncodedTrace> traces)
    {
        foreach (var trace in traces.Reverse())
        {
            _again.AddFirst(trace);
        }
    }

    private List<EncodedTrace> TakeAgain(int maxTraces)
    {
        List<EncodedTrace> batch = [];
        while (batch.Count < maxTraces && _again.First is { Value: { } trace } && !_taken.Has(trace.TraceId))
        {
            _again.RemoveFirst();
            if (!_files.TryExpire(trace))
            {
                batch.Add(trace);
            }
        }

        return batch;
    }

    /// <summary>What the disk did not take waits in memory until it does.</summary>
    private void MoveToDisk()
    {
        while (_memory.Take(1) is [var trace])
        {
            try
            {
                _files.Append(trace);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _memory.PutBack([trace]);
                return;
            }

            _memory.Done([trace]);
            _state.SpoolWorks();
        }
    }

    private void Tick()
    {
        bool found;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            MoveToDisk();
            _files.Flush();
            found = ++_flushes % FlushesBetweenScans == 0 && !_files.HasLeft && _files.Scan();
        }

        if (found)
        {
            _found();
        }
    }
}
