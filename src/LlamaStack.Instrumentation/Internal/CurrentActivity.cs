using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>Makes an activity current for a while, in the middle of the reader's code, and then gives back what was.</summary>
internal readonly ref struct CurrentActivity : IDisposable
{
    private readonly Activity? _previous;

    public CurrentActivity(Activity? activity)
    {
        _previous = Activity.Current;
        Activity.Current = activity ?? _previous;
    }

    public void Dispose() => Activity.Current = _previous;
}
