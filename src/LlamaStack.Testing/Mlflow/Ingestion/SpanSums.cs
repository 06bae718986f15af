using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Adds up usage or cost over a trace's spans.</summary>
internal static class SpanSums
{
    /// <summary>A span that has the attribute hides it on all its descendants.</summary>
    /// <param name="spans">All spans of the trace.</param>
    /// <param name="key">The attribute, a JSON object of numbers.</param>
    /// <param name="names">The members that a sum always has.</param>
    /// <param name="optional">The members that it has if a span has them.</param>
    /// <exception cref="BadSpanException">A member is no number.</exception>
    public static Dictionary<string, double>? OfTree(IReadOnlyList<SpanRow> spans, string key, IEnumerable<string> names, IEnumerable<string> optional)
    {
        var byId = spans.DistinctBy(static span => span.SpanId).ToDictionary(static span => span.SpanId);
        var counted = spans.Where(span => Data(span, key) is not null && !Ancestors(span, byId).Any(ancestor => Data(ancestor, key) is not null));
        return Add(counted, key, names, optional);
    }

    /// <summary>As servers up to 3.14 do: every span counts, parents and children alike, and one that cannot be added spoils the sum.</summary>
    public static Dictionary<string, double>? Flat(IEnumerable<SpanRow> spans, string key, IEnumerable<string> names, IEnumerable<string> optional)
    {
        try
        {
            return Add(spans.Where(span => Data(span, key) is not null), key, names, optional);
        }
        catch (BadSpanException)
        {
            return null;
        }
    }

    public static JsonObject? Data(SpanRow span, string key) => span.Attributes.Value(key) as JsonObject;

    private static Dictionary<string, double>? Add(IEnumerable<SpanRow> spans, string key, IEnumerable<string> names, IEnumerable<string> optional)
    {
        Dictionary<string, double>? sums = null;
        foreach (var data in spans.Select(span => Data(span, key)!))
        {
            sums ??= names.ToDictionary(static name => name, static _ => 0d);
            foreach (var name in sums.Keys.Union(optional).ToList())
            {
                if (data.TryGetPropertyValue(name, out var value))
                {
                    sums[name] = sums.GetValueOrDefault(name) + Number(value);
                }
            }
        }

        return sums;
    }

    private static IEnumerable<SpanRow> Ancestors(SpanRow span, Dictionary<string, SpanRow> byId)
    {
        var seen = new HashSet<string> { span.SpanId };
        while (span.ParentSpanId is { } parent && seen.Add(parent) && byId.TryGetValue(parent, out var found))
        {
            yield return found;
            span = found;
        }
    }

    private static double Number(JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.Number => MlflowJson.ToDouble(value) ?? 0,
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => throw new BadSpanException(),
    };
}
