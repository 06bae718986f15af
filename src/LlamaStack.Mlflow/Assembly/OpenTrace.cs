using System.Diagnostics;

namespace LlamaStack.Mlflow;

/// <summary>A trace while its root is still running: the spans that have ended and will leave.</summary>
internal sealed class OpenTrace(long started)
{
    private readonly Lock _lock = new();
    private readonly HashSet<Activity> _leaving = [];
    private List<Activity> _spans = [];
    private bool _rootIsGone;

    /// <summary>Gets the moment, by the time provider's clock, when the first span started.</summary>
    public long Started => started;

    /// <summary>Does this span leave: for its own sake, or because one below it does?</summary>
    public bool Leaves(Activity activity)
    {
        lock (_lock)
        {
            return _leaving.Contains(activity);
        }
    }

    /// <summary>Notes that a span leaves, and so do those above it that belong to this trace: the tree stays one.</summary>
    public void MarkLeaving(Activity activity, Func<Activity, bool> belongs)
    {
        lock (_lock)
        {
            for (var span = activity; span is not null && belongs(span) && _leaving.Add(span); span = span.Parent)
            {
            }
        }
    }

    /// <summary>Keeps an ended span.</summary>
    /// <param name="activity">The span.</param>
    /// <param name="maxSpans">How many are kept at most.</param>
    /// <param name="early">Those that must leave early, since they are too many.</param>
    /// <returns>False where the root went without it: then it must leave by itself.</returns>
    public bool TryKeep(Activity activity, int maxSpans, out List<Activity>? early)
    {
        early = null;
        lock (_lock)
        {
            if (_rootIsGone)
            {
                return false;
            }

            if (_spans.Count >= maxSpans)
            {
                early = _spans;
                _spans = [];
            }

            _spans.Add(activity);
            return true;
        }
    }

    /// <summary>Takes what there is; nothing is kept any more once the root is gone.</summary>
    public List<Activity> Take(bool rootIsGone)
    {
        lock (_lock)
        {
            _rootIsGone |= rootIsGone;
            var spans = _spans;
            _spans = [];
            return spans;
        }
    }
}
