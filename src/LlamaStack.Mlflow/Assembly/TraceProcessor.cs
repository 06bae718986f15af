using System.Collections.Concurrent;
using System.Diagnostics;
using LlamaStack.Instrumentation;
using OpenTelemetry;

namespace LlamaStack.Mlflow;

/// <summary>
/// Assembles traces: model calls, manual spans and whatever stands above them are held until their local root ends, then leave together.
/// All other spans of the application are let go at once.
/// </summary>
internal sealed class TraceProcessor : BaseProcessor<Activity>
{
    private const int MaxSpans = 1000;
    private static readonly TimeSpan _sweepInterval = TimeSpan.FromSeconds(10);

    private static int _count;

    // Of this processor alone: several hosts in one process see each other's spans, since activity sources are the process's.
    private readonly string _propertyName = $"LlamaStack.OpenTrace.{Interlocked.Increment(ref _count)}";
    private readonly Func<Activity, bool> _belongs;
    private readonly ITraceSink _sink;
    private readonly TimeSpan _maxTraceDuration;
    private readonly bool _includeHttpSpans;
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;
    private readonly ConcurrentDictionary<OpenTrace, Activity> _open = [];

    public TraceProcessor(ITraceSink sink, MlflowTracingOptions options, TimeProvider time)
    {
        _sink = sink;
        _belongs = activity => Of(activity) is not null;
        _maxTraceDuration = options.MaxTraceDuration;
        _includeHttpSpans = options.EffectiveIncludeHttpSpans;
        _time = time;
        _sweep = time.CreateTimer(_ => Sweep(), null, _sweepInterval, _sweepInterval);
    }

    public override void OnStart(Activity data)
    {
        var trace = (data.Parent is { IsAllDataRequested: true } parent ? Of(parent) : null) ?? new OpenTrace(_time.GetTimestamp());
        data.SetCustomProperty(_propertyName, trace);
    }

    public override void OnEnd(Activity data)
    {
        if (Of(data) is not { } trace)
        {
            return;
        }

        if (IsOfInterest(data))
        {
            trace.MarkLeaving(data, _belongs);
        }

        if (!trace.Leaves(data))
        {
            return;
        }

        SpanContent.Of(data)?.Hold();
        if (data.Parent is not { IsAllDataRequested: true } parent || Of(parent) is null)
        {
            _open.TryRemove(trace, out _);
            var spans = trace.Take(rootIsGone: true);
            spans.Add(data);
            _sink.Send(new CompletedTrace(spans, data));
        }
        else if (!trace.TryKeep(data, MaxSpans, out var early))
        {
            _sink.Send(new CompletedTrace([data], null, trace));
        }
        else
        {
            _open.TryAdd(trace, data);
            if (early is not null)
            {
                _sink.Send(new CompletedTrace(early, null, trace));
            }
        }
    }

    protected override bool OnForceFlush(int timeoutMilliseconds) => _sink.Flush(Timeout(timeoutMilliseconds));

    protected override bool OnShutdown(int timeoutMilliseconds)
    {
        _sweep.Dispose();
        foreach (var trace in _open.Keys)
        {
            LetGo(trace);
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

    private OpenTrace? Of(Activity activity) => activity.GetCustomProperty(_propertyName) as OpenTrace;

    private bool IsOfInterest(Activity activity) =>
        activity.Source.Name == LlamaStackDiagnostics.SourceName
        || activity.GetTagItem(GenAIAttributes.Operation.Name) is not null
        || SpanContent.Of(activity) is not null
        || (_includeHttpSpans && activity.Source.Name == "System.Net.Http" && activity.Parent?.Source.Name == LlamaStackDiagnostics.SourceName);

    /// <summary>A root that takes too long, or whose end nobody tells us (a filter of the application turned it off), does not hold its spans for ever.</summary>
    private void Sweep()
    {
        foreach (var (trace, span) in _open)
        {
            if (TraceDetails.Top(span).IsStopped || _time.GetElapsedTime(trace.Started) > _maxTraceDuration)
            {
                LetGo(trace);
            }
        }
    }

    private void LetGo(OpenTrace trace)
    {
        _open.TryRemove(trace, out _);
        var spans = trace.Take(rootIsGone: false);
        if (spans.Count > 0)
        {
            _sink.Send(new CompletedTrace(spans, null, trace));
        }
    }
}
