using System.Diagnostics;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>The spans of a trace that leave, put right: who is the root, who hangs below whom.</summary>
internal sealed class CompletedTrace
{
    private const int SpanOverhead = 512;
    private const int TagOverhead = 64;

    private readonly Func<Activity, bool>? _leaves;
    private readonly ExportedSpan? _root;
    private HashSet<Activity>? _aboveExchanges;

    /// <summary>Puts spans together.</summary>
    /// <param name="spans">At least one, of one trace.</param>
    /// <param name="root">The root, where it is among them.</param>
    /// <param name="leaves">Does a span leave that is not among them: before, or later?</param>
    /// <param name="withWords">May the words of another library's error be told by our span?</param>
    public CompletedTrace(List<Activity> spans, Activity? root, Func<Activity, bool>? leaves = null, bool withWords = true)
    {
        Details = TraceDetails.Of(root ?? spans[0]);
        Spans = CoveringSpans.Merge(spans, withWords).ConvertAll(static span => new ExportedSpan(span));
        _leaves = leaves;
        var resolved = root is null ? null : CoveringSpans.Resolve(root);
        foreach (var span in Spans)
        {
            Size += SizeOf(span.Activity, span.Content);
            if (span.Activity == resolved)
            {
                _root = span;
            }
        }
    }

    /// <summary>Gets the spans in the order in which they ended.</summary>
    public List<ExportedSpan> Spans { get; }

    /// <summary>Gets the root; null for spans that come after the rest of their trace, or before.</summary>
    public Activity? Root => _root?.Activity;

    /// <summary>Gets what the application said of the trace as a whole.</summary>
    public TraceDetails? Details { get; }

    /// <summary>Gets or sets the span that the root hangs below, where MLflow has one of the trace already: the caller's, or that of an earlier request.</summary>
    public ActivitySpanId OuterSpan { get; set; }

    /// <summary>Gets about how many bytes the spans take in memory.</summary>
    public long Size { get; }

    /// <summary>Gets what the trace is about; null where the root is not among the spans.</summary>
    public TraceSummary? Summary => field ??= _root is { } root ? new TraceSummary(this, root) : null;

    /// <summary>Gets what the tools of the trace were called with and gave back.</summary>
    public ToolCalls ToolCalls => field ??= new ToolCalls(this);

    /// <summary>Gets the span of the caller, in another process, that the trace was begun for.</summary>
    public ActivitySpanId CallersSpan => Root is null ? default : TraceDetails.Top(Root).ParentSpanId;

    public ActivityTraceId TraceId => Spans[0].Activity.TraceId;

    /// <summary>Does a span of another library stand above an exchange that has its own? What the exchange counts, it would count again.</summary>
    public bool IsAboveExchange(Activity span) => (_aboveExchanges ??= AboveExchanges()).Contains(span);

    /// <summary>The spans are where they belong, or lost: their content is no longer needed.</summary>
    public void ReleaseContent()
    {
        foreach (var span in Spans)
        {
            span.Content?.Release();
        }
    }

    private HashSet<ActivitySpanId> Ids => field ??= [.. Spans.Select(static span => span.Activity.SpanId)];

    private HashSet<Activity> AboveExchanges()
    {
        HashSet<Activity> above = [];
        foreach (var span in Spans)
        {
            for (var parent = span.IsExchange ? span.Activity.Parent : null; parent is not null && above.Add(parent); parent = parent.Parent)
            {
            }
        }

        return above;
    }

    /// <summary>The parent that a span has among those that leave: the nearest one. None where none of those above it does.</summary>
    public ActivitySpanId ParentOf(Activity span)
    {
        if (span == Root)
        {
            return OuterSpan;
        }

        if (Root is not null && span.Parent == Root)
        {
            return Root.SpanId;
        }

        for (var parent = span.Parent; parent is not null; parent = parent.Parent)
        {
            var above = CoveringSpans.Resolve(parent);
            if (above != span && (Ids.Contains(above.SpanId) || _leaves?.Invoke(above) is true))
            {
                return above.SpanId;
            }
        }

        // One that was reached over a protocol names who called. A trace has one root.
        return span.Parent is null && Ids.Contains(span.ParentSpanId) ? span.ParentSpanId : Root?.SpanId ?? OuterSpan;
    }

    /// <summary>About how many bytes a span takes in memory.</summary>
    public static long SizeOf(Activity span) => SizeOf(span, SpanContent.Of(span));

    private static long SizeOf(Activity span, SpanContent? content)
    {
        long size = SpanOverhead;
        foreach (ref readonly var tag in span.EnumerateTagObjects())
        {
            size += TagOverhead + (tag.Value is string text ? 2 * text.Length : 0);
        }

        return size + (content?.Inputs?.Length ?? 0) + (content?.Outputs?.Length ?? 0);
    }
}
