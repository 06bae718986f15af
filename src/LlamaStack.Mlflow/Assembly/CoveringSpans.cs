using System.Diagnostics;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>
/// Spans of other libraries around a model call: Microsoft.Extensions.AI, Semantic Kernel's connectors, the OpenAI SDK. One that covers exactly one exchange tells
/// of the same call as the exchange's own span, which was seen on the wire: it is merged into that one. One that covers several stays, as a step above them.
/// </summary>
internal static class CoveringSpans
{
    private const string PropertyName = "LlamaStack.MergedInto";

    /// <summary>The span that tells of the same call, where this one has been merged; else the span itself.</summary>
    public static Activity Resolve(Activity span) => span.GetCustomProperty(PropertyName) as Activity ?? span;

    /// <summary>Is the span that of a model call which was seen on the wire?</summary>
    public static bool IsExchange(Activity span) => new ExportedSpan(span).IsExchange;

    /// <summary>Merges what covers one exchange.</summary>
    /// <param name="spans">The spans of a trace that leave together, in the order in which they ended.</param>
    /// <param name="withWords">May the words of another library's error be told by our span?</param>
    /// <returns>The spans that are left.</returns>
    public static List<Activity> Merge(List<Activity> spans, bool withWords)
    {
        var covering = Find(spans);
        if (covering is null)
        {
            return spans;
        }

        foreach (var span in spans)
        {
            if (!covering.ContainsKey(span) && !IsTransport(span))
            {
                Count(span, covering);
            }
        }

        // A call of which no exchange was seen is a call of its own.
        foreach (var (span, _) in covering.Where(cover => cover.Value.Calls == 0 && SpanAttributes.TellsOfModelCall(cover.Key)).ToList())
        {
            Count(span, covering);
        }

        List<Activity> left = new(spans.Count);
        foreach (var span in spans)
        {
            if (covering.TryGetValue(span, out var cover) && cover is { Calls: 1, Exchange: { } exchange })
            {
                Merge(span, exchange, withWords);
            }
            else
            {
                left.Add(span);
            }
        }

        return left;
    }

    private static Dictionary<Activity, (int Calls, Activity? Exchange)>? Find(List<Activity> spans)
    {
        Dictionary<Activity, (int, Activity?)>? covering = null;
        foreach (var span in spans)
        {
            if (span.Source.Name != LlamaStackDiagnostics.SourceName && MayCover(span) && SpanContent.Of(span) is null)
            {
                (covering ??= []).Add(span, default);
            }
        }

        return covering;
    }

    /// <summary>The loop that calls functions for a model tells nothing where the model asked for none.</summary>
    private static bool MayCover(Activity span) =>
        SpanAttributes.TellsOfModelCall(span) || span.OperationName == "orchestrate_tools";

    /// <summary>A tool, an agent or a step between a call and its exchange makes the call more than that exchange. What happens below the exchange is the exchange's.</summary>
    private static void Count(Activity span, Dictionary<Activity, (int Calls, Activity? Exchange)> covering)
    {
        var exchange = IsExchange(span) ? span : null;
        for (var parent = span.Parent; parent is not null && !IsExchange(parent); parent = parent.Parent)
        {
            if (covering.TryGetValue(parent, out var cover))
            {
                covering[parent] = (cover.Calls + 1, exchange);
            }
        }
    }

    private static bool IsTransport(Activity span) => span.Source.Name == "System.Net.Http";

    /// <summary>What only the other library knew is told by the exchange's span from now on. Content is not: whether that is recorded, is our option.</summary>
    private static void Merge(Activity span, Activity exchange, bool withWords)
    {
        foreach (var (key, value) in span.TagObjects)
        {
            if (exchange.GetTagItem(key) is null && !ForeignContent.IsContent(key) && key is not GenAIAttributes.Tool.Definitions)
            {
                exchange.SetTag(key, value);
            }
        }

        if (span.Status is ActivityStatusCode.Error && exchange.Status is not ActivityStatusCode.Error)
        {
            exchange.SetStatus(ActivityStatusCode.Error, withWords ? span.StatusDescription : null);
            foreach (var happened in withWords ? span.Events : [])
            {
                exchange.AddEvent(happened);
            }
        }

        span.SetCustomProperty(PropertyName, exchange);
    }
}
