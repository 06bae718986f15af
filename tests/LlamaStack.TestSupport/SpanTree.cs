namespace LlamaStack.TestSupport;

/// <summary>Spans as text, one a line, each below its parent and in the order given.</summary>
public static class SpanTree
{
    public static string Of<T>(IReadOnlyList<T> spans, Func<T, string> id, Func<T, string?> parent, Func<T, string> line)
    {
        IEnumerable<string> Lines(string? above, string indent) => spans
            .Where(span => string.Equals(parent(span), above, StringComparison.Ordinal))
            .SelectMany(span => Lines(id(span), indent + "  ").Prepend(indent + line(span)));
        var orphans = spans.Where(span => parent(span) is { } above && spans.All(other => id(other) != above)).Select(span => "(orphan) " + line(span));
        return string.Join('\n', Lines(null, "").Concat(orphans));
    }
}
