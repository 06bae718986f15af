using System.Diagnostics;

namespace LlamaStack.Mlflow;

/// <summary>A trace while its root is still running: the spans that have ended and will leave.</summary>
internal sealed class OpenTrace(long started)
{
    private const string PropertyName = "LlamaStack.OpenTrace";
    private static readonly object _leaves = new();

    private readonly Lock _lock = new();
    private List<Activity> _spans = [];
    private bool _rootIsGone;

    /// <summary>Gets the moment, in ticks of the time provider's clock, when the first span started.</summary>
    public long Started => started;

    public static OpenTrace? Of(Activity activity) => activity.GetCustomProperty(PropertyName) as OpenTrace;

    public void Include(Activity activity) => activity.SetCustomProperty(PropertyName, this);

    /// <summary>Does this span leave because a span below it does?</summary>
    public static bool Leaves(Activity activity) => activity.GetCustomProperty("LlamaStack.Leaves") == _leaves;

    /// <summary>Notes that a span leaves, and so do those above it, that the tree stays one.</summary>
    public static void MarkLeaving(Activity activity)
    {
        for (var span = activity; span is not null && Of(span) is not null && !Leaves(span); span = span.Parent)
        {
            span.SetCustomProperty("LlamaStack.Leaves", _leaves);
        }
    }

    /// <summary>Keeps an ended span.</summary>
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
