using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>Starts activities where the runtime's own would keep them from being started.</summary>
internal static class SpanStarter
{
    /// <summary>
    /// Starts an activity below the current one. Two parents that are not recorded do not silence it: an activity that the runtime started for its logging and
    /// nobody traces, and, where the caller's decision is not honored, one that the caller said not to sample. Below those it is a root of its own, with a link.
    /// </summary>
    /// <returns>The activity, which is current now; null where no one listens or the application's sampler says no.</returns>
    public static Activity? Start(string name, ActivityKind kind, IEnumerable<KeyValuePair<string, object?>>? tags, bool honorIncomingSampling)
    {
        var source = LlamaStackDiagnostics.Source;
        var parent = Activity.Current;
        if (parent is null || parent.Recorded || !MayStandAlone(parent, honorIncomingSampling))
        {
            return source.StartActivity(name, kind, default(ActivityContext), tags);
        }

        Activity.Current = null;
        var root = source.StartActivity(name, kind, default(ActivityContext), tags, [new ActivityLink(parent.Context)]);
        if (root is null)
        {
            Activity.Current = parent;
        }

        return root;
    }

    /// <summary>The reason why a span below this parent is not recorded, for a counter and a log line.</summary>
    public static string ReasonNotRecorded(Activity? parent) =>
        parent is null ? "sampler" : CallerRefused(TraceDetails.Top(parent)) ? "caller_not_sampled" : "parent_not_sampled";

    private static bool MayStandAlone(Activity parent, bool honorIncomingSampling)
    {
        var top = TraceDetails.Top(parent);
        return CallerRefused(top) ? !honorIncomingSampling : top.Source.Name.Length == 0;
    }

    private static bool CallerRefused(Activity top) => top.ParentId is { } caller && caller.EndsWith("-00", StringComparison.Ordinal);
}
