using System.Text.Json;

namespace LlamaStack.Mlflow;

/// <summary>
/// Encoded traces on disk: each is written before memory lets go of it, and stays until it has arrived. What other processes have left, for the same server and
/// experiment, is sent too, file by file, in turn with what is new.
/// </summary>
/// <remarks>Where the disk does not take a trace, it waits in memory.</remarks>
internal sealed class Spool : ITraceStore
{
    /// <summary>A file that has reached this is followed by the next.</summary>
    private const long FileSize = 4 * 1024 * 1024;

    private static readonly TimeSpan _flushInterval = TimeSpan.FromSeconds(1);

    /// <summary>How often it is looked for what others have left, in flushes.</summary>
    private const int FlushesBetweenScans = 30;

    private readonly Lock _lock = new();
    private readonly SpoolFolder _folder;
    private readonly SpoolHeritage _heritage;
    private readonly MlflowTracingOptions _options;
    private readonly DeliveryState _state;
    private readonly Func<ReadOnlyMemory<byte>> _resource;
    private readonly TimeProvider _time;
    private readonly Action _found;
    private readonly Action<int> _lose;
    private readonly ITimer _flush;
    private readonly List<SpoolFile> _files = [];
    private readonly Dictionary<EncodedTrace, (SpoolFile File, SpoolFile.Entry Entry)> _open = new(ReferenceEqualityComparer.Instance);
    private readonly TracesOnTheirWay _taken = new();
    private readonly MemoryQueue _memory = new();
    private readonly LinkedList<EncodedTrace> _again = [];
    private SpoolFile? _left;
    private bool _isLeftsTurn;
    private long _elsewhere;
    private int _flushes;
    private int _lost;
    private bool _isDisposed;

    /// <summary>Opens the spool and looks for what was left there.</summary>
    /// <exception cref="IOException">The directory cannot be used.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be used.</exception>
    public Spool(SpoolFolder folder, MlflowTracingOptions options, DeliveryState state, Func<ReadOnlyMemory<byte>> resource, TimeProvider time, Action found, Action<int> lose)
    {
        _folder = folder;
        _heritage = new SpoolHeritage(folder, state);
        _options = options;
        _state = state;
        _resource = resource;
        _time = time;
        _found = found;
        _lose = lose;
        state.Spooled = () => OnDisk;
        lock (_lock)
        {
            Try(Scan);
        }

        _flush = time.CreateTimer(_ => Tick(), null, _flushInterval, _flushInterval);
    }

    /// <summary>Gets how many have not arrived yet, those on their way too.</summary>
    private long OnDisk
    {
        get
        {
            lock (_lock)
            {
                return _files.Sum(file => file.Unread) + (_left?.Unread ?? 0) + _open.Count;
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _files.Sum(file => file.Unread) + (_left?.Unread ?? 0) + _again.Count + _memory.Count;
            }
        }
    }

    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _files.Sum(file => file.UnreadBytes) + _memory.Bytes;
            }
        }
    }

    public int MemoryCount => _memory.Count;

    public long MemoryBytes => _memory.Bytes;

    public bool IsLasting => true;

    public bool HasBacklog
    {
        get
        {
            lock (_lock)
            {
                return _left is not null || _again.Count > 0;
            }
        }
    }

    public string? Add(EncodedTrace trace)
    {
        lock (_lock)
        {
            if (_elsewhere + _files.Sum(file => file.Length) + trace.Size > _options.MaxSpoolBytes)
            {
                return "spool_full";
            }

            try
            {
                Writing().Append(trace, _time.GetUtcNow());
                _state.SpoolWorks();
                return null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _state.SpoolFails($"The spool at {_folder.Path} cannot be written to: {e.Message} Traces wait in memory.");
                return _memory.Bytes + trace.Size > _options.MaxQueuedBytes || _memory.Count >= _options.MaxQueuedTraces ? "queue_full" : _memory.Add(trace);
            }
        }
    }

    public List<EncodedTrace> Take(int maxTraces)
    {
        List<EncodedTrace> batch = [];
        int lost;
        lock (_lock)
        {
            while (batch.Count < maxTraces && _again.First is { Value: { } trace } && !_taken.Has(trace.TraceId))
            {
                _again.RemoveFirst();
                if (_open.TryGetValue(trace, out var place) && IsTooOld(place.File, place.Entry))
                {
                    _open.Remove(trace);
                    place.File.Settle(place.Entry);
                    continue;
                }

                batch.Add(trace);
            }

            if (batch.Count == 0)
            {
                batch = _memory.Take(maxTraces);
            }

            if (batch.Count == 0)
            {
                _isLeftsTurn = !_isLeftsTurn;
                Read(_isLeftsTurn, maxTraces, batch);
            }

            if (batch.Count == 0)
            {
                Read(!_isLeftsTurn, maxTraces, batch);
            }

            _taken.Add(batch);
            (lost, _lost) = (_lost, 0);
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
            foreach (var trace in traces)
            {
                if (_open.Remove(trace, out var place))
                {
                    place.File.Settle(place.Entry);
                }
            }

            Tidy();
        }
    }

    public void PutBack(IReadOnlyList<EncodedTrace> traces)
    {
        lock (_lock)
        {
            _taken.Remove(traces);
            _memory.PutBack([.. traces.Where(trace => !_open.ContainsKey(trace))]);
            foreach (var trace in traces.Where(_open.ContainsKey).Reverse())
            {
                _again.AddFirst(trace);
            }
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

            foreach (var file in _left is null ? _files : [.. _files, _left])
            {
                Try(() =>
                {
                    file.Checkpoint();
                    file.Flush();
                    if (file.IsSettled)
                    {
                        file.Delete();
                    }
                });
                file.Dispose();
            }
        }
    }

    private SpoolFile Writing()
    {
        if (_files is [.., { Length: < FileSize } last])
        {
            return last;
        }

        _elsewhere = Math.Max(0, _folder.Size - _files.Sum(file => file.Length));
        var file = SpoolFile.Create(_folder.NewFile(_time.GetUtcNow()), _resource());
        _files.Add(file);
        return file;
    }

    /// <summary>Reads what makes a request, of our own files or of one that was left.</summary>
    private void Read(bool ofLeft, int maxTraces, List<EncodedTrace> batch)
    {
        long bytes = 0;
        foreach (var file in ofLeft ? _left is null ? [] : [_left] : _files)
        {
            while (batch.Count < maxTraces && file.TryPeek(out var next) && (batch.Count == 0 || bytes + next.Length <= MemoryQueue.MaxBatchBytes))
            {
                if (IsTooOld(file, next))
                {
                    file.Skip();
                    continue;
                }

                try
                {
                    var trace = file.Read();
                    _open.Add(trace, (file, next));
                    batch.Add(trace);
                    bytes += next.Length;
                }
                catch (Exception e) when (e is IOException or JsonException)
                {
                    file.Skip();
                    Lose(file, "spool_corrupt");
                    _state.SpoolFails($"A trace in {file.Path} cannot be read: {e.Message}");
                }
            }
        }

        if (batch.Exists(trace => _taken.Has(trace.TraceId)))
        {
            // Another part of one of them is on its way: all wait, in their order.
            foreach (var trace in batch.AsEnumerable().Reverse())
            {
                _again.AddFirst(trace);
            }

            batch.Clear();
        }

        Tidy();
    }

    private bool IsTooOld(SpoolFile file, SpoolFile.Entry entry)
    {
        var isTooOld = entry.Time < _time.GetUtcNow() - _options.MaxSpoolAge;
        if (isTooOld)
        {
            Lose(file, "spool_age");
        }

        return isTooOld;
    }

    private void Lose(SpoolFile file, string reason)
    {
        _state.Drop(reason, 1);
        _lost += file.IsFromBefore ? 0 : 1;
    }

    /// <summary>What the disk did not take waits in memory until it does.</summary>
    private void MoveToDisk()
    {
        while (_memory.Take(1) is [var trace])
        {
            try
            {
                Writing().Append(trace, _time.GetUtcNow());
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

    /// <summary>Checkpoints; what is settled goes, but for the file that is written to.</summary>
    private void Tidy() => Try(() =>
    {
        foreach (var file in _files)
        {
            file.Checkpoint();
        }

        foreach (var file in _files.SkipLast(1).Where(file => file.IsSettled).ToList())
        {
            _files.Remove(file);
            file.Delete();
        }

        _left?.Checkpoint();
        if (_left is { IsSettled: true } settled)
        {
            _left = null;
            SpoolHeritage.Finish(settled);
            Scan();
        }
    });

    /// <summary>Looks for what others have left, and at how much room there is.</summary>
    private void Scan()
    {
        _left = _heritage.Next(_files.Select(file => file.Path));
        _elsewhere = Math.Max(0, _folder.Size - _files.Sum(file => file.Length));
    }

    private void Tick()
    {
        var found = false;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            MoveToDisk();
            Try(() =>
            {
                foreach (var file in _files)
                {
                    file.Flush();
                }

                if (++_flushes % FlushesBetweenScans == 0)
                {
                    _folder.DeleteUselessBefore(_time.GetUtcNow() - _options.MaxSpoolAge);
                    if (_left is null)
                    {
                        Scan();
                        found = _left is not null;
                    }
                }
            });
        }

        if (found)
        {
            _found();
        }
    }

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _state.SpoolFails($"The spool at {_folder.Path} cannot be used: {e.Message}");
        }
    }
}
