using System.Text.Json;

namespace LlamaStack.Mlflow;

/// <summary>The files of a spool: the process's own, written to and read from, and the one of another process that is read in turn with them. For one thread at a time.</summary>
internal sealed class SpoolFiles(SpoolFolder folder, MlflowTracingOptions options, DeliveryState state, Func<ReadOnlyMemory<byte>> resource, TimeProvider time)
{
    /// <summary>A file that has reached this is followed by the next.</summary>
    private const long FileSize = 4 * 1024 * 1024;

    private readonly SpoolHeritage _heritage = new(folder, state);
    private readonly List<SpoolFile> _own = [];
    private readonly Dictionary<EncodedTrace, (SpoolFile File, SpoolFile.Entry Entry)> _open = new(ReferenceEqualityComparer.Instance);
    private SpoolFile? _left;
    private bool _isLeftsTurn;
    private long _elsewhere;
    private int _lost;

    public string Path => folder.Path;

    /// <summary>Gets how many traces are to be read yet.</summary>
    public int Unread => _own.Sum(static file => file.Unread) + (_left?.Unread ?? 0);

    /// <summary>Gets how many bytes of the process's own are to be read yet.</summary>
    public long UnreadBytes => _own.Sum(static file => file.UnreadBytes);

    /// <summary>Gets how many traces have not arrived yet, those on their way too.</summary>
    public long Unsettled => Unread + _open.Count;

    /// <summary>Gets a value indicating whether another process has left something.</summary>
    public bool HasLeft => _left is not null;

    public bool HasRoomFor(EncodedTrace trace) => _elsewhere + _own.Sum(static file => file.Length) + trace.Size <= options.MaxSpoolBytes;

    /// <summary>Writes a trace.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be written to any more.</exception>
    public void Append(EncodedTrace trace) => Writing().Append(trace, time.GetUtcNow());

    /// <summary>Was this trace read from here, and has it not arrived yet?</summary>
    public bool Holds(EncodedTrace trace) => _open.ContainsKey(trace);

    /// <summary>The next ones, as many as make a request: of the process's own files, or of the one that was left, in turn. The other side may have some where there are none.</summary>
    public List<EncodedTrace> ReadNext(int maxTraces)
    {
        _isLeftsTurn = !_isLeftsTurn;
        List<EncodedTrace> batch = [];
        long bytes = 0;
        foreach (var file in !_isLeftsTurn ? _own : _left is null ? [] : [_left])
        {
            while (batch.Count < maxTraces && file.TryPeek(out var next) && (batch.Count == 0 || bytes + next.Length <= MemoryQueue.MaxBatchBytes))
            {
                if (IsTooOld(file, next))
                {
                    file.Skip();
                }
                else if (TryRead(file, next) is { } trace)
                {
                    _open.Add(trace, (file, next));
                    batch.Add(trace);
                    bytes += next.Length;
                }
            }
        }

        Tidy();
        return batch;
    }

    /// <summary>Lets a trace go that was read, could not be sent, and has waited for too long.</summary>
    public bool TryExpire(EncodedTrace trace)
    {
        if (!_open.TryGetValue(trace, out var place) || !IsTooOld(place.File, place.Entry))
        {
            return false;
        }

        _open.Remove(trace);
        place.File.Settle(place.Entry);
        return true;
    }

    /// <summary>These have arrived, or are lost and counted.</summary>
    public void Settle(IEnumerable<EncodedTrace> traces)
    {
        foreach (var trace in traces)
        {
            if (_open.Remove(trace, out var place))
            {
                place.File.Settle(place.Entry);
            }
        }

        Tidy();
    }

    /// <summary>How many of the process's own were lost since this was last asked.</summary>
    public int TakeLost()
    {
        (var lost, _lost) = (_lost, 0);
        return lost;
    }

    /// <summary>Has the system write all of it to the disk.</summary>
    public void Flush() => Try(() => _own.ForEach(static file => file.Flush()));

    /// <summary>Looks for what others have left, and at how much room there is; what nobody will look at any more goes.</summary>
    /// <returns>Was something found?</returns>
    public bool Scan()
    {
        Try(() =>
        {
            folder.DeleteUselessBefore(time.GetUtcNow() - options.MaxSpoolAge);
            _left ??= _heritage.Next(_own.Select(static file => file.Path));
            Measure();
        });
        return HasLeft;
    }

    /// <summary>What has not arrived stays on disk, for the next who opens the spool.</summary>
    public void Close()
    {
        foreach (var file in _left is null ? _own : [.. _own, _left])
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

    private SpoolFile Writing()
    {
        if (_own is [.., { Length: < FileSize } last])
        {
            return last;
        }

        Measure();
        var file = SpoolFile.Create(folder.NewFile(time.GetUtcNow()), resource());
        _own.Add(file);
        return file;
    }

    private EncodedTrace? TryRead(SpoolFile file, SpoolFile.Entry entry)
    {
        try
        {
            return file.Read();
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            file.Skip();
            Lose(file, "spool_corrupt");
            state.SpoolFails($"A trace in {file.Path}, at {entry.Position}, cannot be read: {e.Message}");
            return null;
        }
    }

    private bool IsTooOld(SpoolFile file, SpoolFile.Entry entry)
    {
        var isTooOld = entry.Time < time.GetUtcNow() - options.MaxSpoolAge;
        if (isTooOld)
        {
            Lose(file, "spool_age");
        }

        return isTooOld;
    }

    private void Lose(SpoolFile file, string reason)
    {
        state.Drop(reason, 1);
        _lost += file.IsFromBefore ? 0 : 1;
    }

    /// <summary>Checkpoints; what is settled goes, but for the file that is written to.</summary>
    private void Tidy() => Try(() =>
    {
        _own.ForEach(static file => file.Checkpoint());
        foreach (var file in _own.SkipLast(1).Where(static file => file.IsSettled).ToList())
        {
            _own.Remove(file);
            file.Delete();
        }

        _left?.Checkpoint();
        if (_left is { IsSettled: true } settled)
        {
            _left = null;
            SpoolHeritage.Finish(settled);
            _left = _heritage.Next(_own.Select(static file => file.Path));
            Measure();
        }
    });

    private void Measure() => _elsewhere = Math.Max(0, folder.Size - _own.Sum(static file => file.Length));

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            state.SpoolFails($"The spool at {folder.Path} cannot be used: {e.Message}");
        }
    }
}
