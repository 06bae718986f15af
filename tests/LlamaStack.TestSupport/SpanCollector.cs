using System.Collections.Concurrent;
using System.Diagnostics;

namespace LlamaStack.TestSupport;

/// <summary>Collects the spans of one test: a root activity of the test's own, and all that ends in its trace. Tests beside it have other traces.</summary>
public sealed class SpanCollector : IDisposable
{
    private const string OwnSource = "LlamaStack.Tests";

    private static readonly ActivitySource _source = new(OwnSource);

    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    /// <summary>Starts listening.</summary>
    /// <param name="sources">The sources that are listened to beside the test's own.</param>
    public SpanCollector(params string[] sources)
        : this(static _ => { }, sources)
    {
    }

    /// <summary>Starts listening.</summary>
    /// <param name="onEnd">What is done with a span while it ends.</param>
    /// <param name="sources">The sources that are listened to beside the test's own.</param>
    public SpanCollector(Action<Activity> onEnd, params string[] sources)
    {
        var traceId = ActivityTraceId.CreateRandom();
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == OwnSource || Array.IndexOf(sources, source.Name) >= 0,
            Sample = (ref options) => options.TraceId == traceId || IsLinked(options, traceId) ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = activity =>
            {
                if (activity != Root && (activity.TraceId == traceId || activity.Links.Any(link => link.Context.TraceId == traceId)))
                {
                    onEnd(activity);
                    _ended.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
        Root = _source.StartActivity("test", ActivityKind.Internal, new ActivityContext(traceId, ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded))!;
    }

    /// <summary>Gets the test's own activity, current until the collector is disposed.</summary>
    public Activity Root { get; }

    /// <summary>Gets the spans in the order in which they ended.</summary>
    public IReadOnlyList<Activity> Spans => [.. _ended];

    /// <summary>The one span there is.</summary>
    public Activity Only() => Spans.Count == 1 ? Spans[0] : throw new InvalidOperationException($"{Spans.Count} spans: {string.Join(", ", Spans.Select(span => span.DisplayName))}");

    public void Dispose()
    {
        Root.Dispose();
        _listener.Dispose();
    }

    private static bool IsLinked(ActivityCreationOptions<ActivityContext> options, ActivityTraceId traceId) =>
        options.Links?.Any(link => link.Context.TraceId == traceId) == true;
}
