using System.Diagnostics;

namespace LlamaStack.Mlflow;

/// <summary>What the assembly knows of a span: whether it leaves, and which ended spans below it wait for its end.</summary>
/// <remarks>One for each span of the application: it is its own lock.</remarks>
/// <param name="held">What all spans of the process keep together.</param>
internal sealed class OpenSpan(HeldBytes held)
{
    private List<Activity>? _kept;
    private long _keptBytes;
    private bool _leaves;
    private bool _hasEnded;

    /// <summary>Gets a value indicating whether the span leaves, for its own sake or because one below it does. Told while it runs, never taken back but by <see cref="GiveUp"/>.</summary>
    public bool Leaves => Volatile.Read(ref _leaves);

    public bool HasEnded => Volatile.Read(ref _hasEnded);

    /// <summary>Gets the moment, by the time provider's clock, from which on spans have waited here.</summary>
    public long KeptSince { get; private set; }

    /// <summary>Notes that the span leaves; one that has ended without leaving is gone.</summary>
    /// <returns>False where that was known already.</returns>
    public bool TryMarkLeaving()
    {
        lock (this)
        {
            if (_leaves)
            {
                return false;
            }

            _leaves = !_hasEnded;
            return true;
        }
    }

    /// <summary>Keeps an ended span until this one ends.</summary>
    /// <param name="activity">The span.</param>
    /// <param name="size">About how many bytes it takes.</param>
    /// <param name="maxSpans">How many are kept at most.</param>
    /// <param name="now">The time provider's clock.</param>
    /// <param name="early">Those that must leave early, since they are too many.</param>
    /// <returns>False where this one has ended meanwhile.</returns>
    public bool TryKeep(Activity activity, long size, int maxSpans, long now, out List<Activity>? early)
    {
        early = null;
        lock (this)
        {
            if (_hasEnded)
            {
                return false;
            }

            if (_kept?.Count >= maxSpans || (_kept is not null && held.IsFull))
            {
                early = TakeKept();
            }

            if (_kept is null)
            {
                (_kept, KeptSince) = ([], now);
            }

            _kept.Add(activity);
            _keptBytes += size;
            held.Add(size);
            return true;
        }
    }

    /// <summary>The span has ended: what waited for it, and whether it leaves itself.</summary>
    public bool End(out List<Activity> kept)
    {
        lock (this)
        {
            _hasEnded = true;
            kept = TakeKept();

            // One that ended at the same moment found it running, but too late to say so.
            _leaves |= kept.Count > 0;
            return _leaves;
        }
    }

    /// <summary>Takes what waits here; the span itself goes on.</summary>
    public List<Activity> Take()
    {
        lock (this)
        {
            return TakeKept();
        }
    }

    /// <summary>The span will not be told of any more: what waits here goes without it.</summary>
    public List<Activity> GiveUp()
    {
        lock (this)
        {
            _hasEnded = true;
            _leaves = false;
            return TakeKept();
        }
    }

    private List<Activity> TakeKept()
    {
        var kept = _kept ?? new(1);
        if (_keptBytes > 0)
        {
            held.Add(-_keptBytes);
        }

        (_kept, _keptBytes) = (null, 0);
        return kept;
    }
}
