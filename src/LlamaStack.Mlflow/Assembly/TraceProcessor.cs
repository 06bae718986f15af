using System.Collections.Concurrent;
using System.Diagnostics;
using LlamaStack.Instrumentation;
using OpenTelemetry;

namespace LlamaStack.Mlflow;

/// <summary>
/// Assembles traces: model calls, manual spans and whatever stands above them are held until the topmost span that still runs ends, then leave together.
/// All other spans of the application are let go at once.
/// </summary>
/// <remarks>
/// A span that ends when those above it have ended already, since work goes on after a request, is the topmost itself. It hangs below the nearest one that
/// has left; where none has, it is a root: MLflow would wait for ever for a parent that never comes.
/// </remarks>
internal sealed class TraceProcessor : BaseProcessor<Activity>
{
    private const int MaxSpans = 1000;
    private static readonly TimeSpan _sweepInterval = TimeSpan.FromSeconds(10);

    private static int _count;

    // Of this processor alone: several hosts in one process see each other's spans, since activity sources are the process's.
    private readonly string _propertyName = $"LlamaStack.OpenSpan.{Interlocked.Increment(ref _count)}";
    private readonly Func<Activity, bool> _leaves;
    private readonly Func<Activity, bool> _hasLeft;
    private readonly ITraceSink _sink;
    private readonly TraceSampler _sampler;
    private readonly Action? _notSampled;
    private readonly TimeSpan _maxTraceDuration;
    private readonly HeldBytes _held;
    private readonly bool _includeHttpSpans;
    private readonly bool _withWords;
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;

    /// <summary>The running spans that others wait for, and whether the last sweep found one stopped without having been told.</summary>
    private readonly ConcurrentDictionary<Activity, bool> _awaited = [];

    public TraceProcessor(ITraceSink sink, MlflowTracingOptions options, TimeProvider time, Action? notSampled = null)
    {
        _sink = sink;
        _sampler = new TraceSampler(options, $"{_propertyName}.Sampled");
        _notSampled = notSampled;
        _leaves = activity => activity.Recorded && Of(activity) is { Leaves: true };
        _hasLeft = activity => activity.Recorded && Of(activity) is { Leaves: true, HasEnded: true };
        _maxTraceDuration = options.MaxTraceDuration;

        // What leaves early for want of room must find some in the queue.
        _held = new HeldBytes(options.MaxQueuedBytes / 2);
        _includeHttpSpans = options.EffectiveIncludeHttpSpans;
        _withWords = options.EffectiveContentCapture is ContentCapture.Full;
        _time = time;
        _sweep = time.CreateTimer(_ => Sweep(), null, _sweepInterval, _sweepInterval);
    }

    public override void OnStart(Activity data) => data.SetCustomProperty(_propertyName, new OpenSpan(_held));

    public override void OnEnd(Activity data)
    {
        // What is recorded only is not for exporters.
        if (!data.Recorded || Of(data) is not { } span)
        {
            return;
        }

        if (IsOfInterest(data))
        {
            span.TryMarkLeaving();
            MarkAbove(data);
        }

        _awaited.TryRemove(data, out _);
        var leaves = span.End(out var spans);
        if (!leaves)
        {
            return;
        }

        SpanContent.Of(data)?.Hold();
        spans.Add(data);
        while (TopmostRunning(data) is var (top, awaited) && awaited is not null)
        {
            if (TryKeep(awaited, top!, spans))
            {
                return;
            }
        }

        Send(new CompletedTrace(spans, HasAbove(data, _leaves) ? null : data, _leaves, _withWords));
    }

    protected override bool OnForceFlush(int timeoutMilliseconds) => _sink.Flush(Timeout(timeoutMilliseconds));

    protected override bool OnShutdown(int timeoutMilliseconds)
    {
        // What still runs is told to nobody any more: spans below it are put below what has left before, or are roots.
        _sweep.Dispose();
        foreach (var top in _awaited.Keys)
        {
            if (_awaited.TryRemove(top, out _) && Of(top) is { } span)
            {
                SendWithoutTop(span.Take(), _hasLeft);
            }
        }

        return _sink.Shutdown(Timeout(timeoutMilliseconds));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _sweep.Dispose();
            _sink.Dispose();
        }

        base.Dispose(disposing);
    }

    private static TimeSpan Timeout(int milliseconds) =>
        milliseconds < 0 ? System.Threading.Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(milliseconds);

    /// <summary>The root of a request that the middleware had to start itself is of no interest for its own sake: not every request calls a model.</summary>
    private bool IsOfInterest(Activity activity) =>
        (activity.Source.Name == LlamaStackDiagnostics.SourceName && activity.Kind is not ActivityKind.Server)
        || activity.GetTagItem(GenAIAttributes.Operation.Name) is not null
        || SpanContent.Of(activity) is not null
        || (_includeHttpSpans && activity.Source.Name == "System.Net.Http" && activity.Parent?.Source.Name == LlamaStackDiagnostics.SourceName);

    private OpenSpan? Of(Activity activity) => activity.GetCustomProperty(_propertyName) as OpenSpan;

    private void MarkAbove(Activity data)
    {
        for (var parent = data.Parent; parent is not null; parent = parent.Parent)
        {
            if (parent.Recorded && Of(parent) is { } span && !span.TryMarkLeaving())
            {
                return;
            }
        }
    }

    private static bool HasAbove(Activity data, Func<Activity, bool> condition)
    {
        for (var parent = data.Parent; parent is not null; parent = parent.Parent)
        {
            if (condition(parent))
            {
                return true;
            }
        }

        return false;
    }

    private (Activity? Top, OpenSpan? Span) TopmostRunning(Activity data)
    {
        (Activity?, OpenSpan?) topmost = default;
        for (var parent = data.Parent; parent is not null; parent = parent.Parent)
        {
            if (parent.Recorded && Of(parent) is { HasEnded: false } span)
            {
                topmost = (parent, span);
            }
        }

        return topmost.Item1 is null && TraceDetails.Top(data).ParentSpanId != default ? Begun(data.TraceId) : topmost;
    }

    /// <summary>The span that a trace has begun with in this process, if it still runs. What the trace reaches again, over a protocol, goes on there: an application
    /// that calls itself, or a server within it.</summary>
    private (Activity? Top, OpenSpan? Span) Begun(ActivityTraceId traceId)
    {
        foreach (var (top, _) in _awaited)
        {
            if (top.TraceId == traceId && top.ParentSpanId == default && Of(top) is { HasEnded: false } span)
            {
                return (top, span);
            }
        }

        return default;
    }

    /// <summary>Keeps ended spans where they wait for a running one.</summary>
    /// <returns>False where that has ended meanwhile; those that could not be kept are left in the list.</returns>
    private bool TryKeep(OpenSpan awaited, Activity top, List<Activity> spans)
    {
        while (spans.Count > 0)
        {
            if (!awaited.TryKeep(spans[0], CompletedTrace.SizeOf(spans[0]), MaxSpans, _time.GetTimestamp(), out var early))
            {
                return false;
            }

            spans.RemoveAt(0);
            _awaited.TryAdd(top, false);
            if (early is not null)
            {
                Send(new CompletedTrace(early, null, _leaves, _withWords));
            }
        }

        return true;
    }

    /// <summary>A span that takes too long, or whose end nobody tells us (a filter of the application turned it off), does not hold others for ever.</summary>
    private void Sweep()
    {
        foreach (var (top, wasStopped) in _awaited)
        {
            if (Of(top) is not { HasEnded: false } span)
            {
                _awaited.TryRemove(top, out _);
            }
            else if (top.IsStopped && wasStopped)
            {
                _awaited.TryRemove(top, out _);
                SendWithoutTop(span.GiveUp(), _leaves);
            }
            else if (top.IsStopped)
            {
                // Perhaps it is just being told: the next sweep will know.
                _awaited.TryUpdate(top, true, false);
            }
            else if (_time.GetElapsedTime(span.KeptSince) > _maxTraceDuration)
            {
                _awaited.TryRemove(top, out _);
                if (span.Take() is { Count: > 0 } spans)
                {
                    Send(new CompletedTrace(spans, null, _leaves, _withWords));
                }
            }
        }
    }

    private void Send(CompletedTrace trace)
    {
        if (_sampler.Keeps(trace))
        {
            _sink.Send(trace);
            return;
        }

        trace.ReleaseContent();
        _notSampled?.Invoke();
    }

    private void SendWithoutTop(List<Activity> spans, Func<Activity, bool> leaves)
    {
        if (spans.Count > 0)
        {
            var known = spans.ToHashSet();
            var root = spans.Find(span => !HasAbove(span, above => known.Contains(above) || leaves(above)));
            Send(new CompletedTrace(spans, root, leaves, _withWords));
        }
    }
}
