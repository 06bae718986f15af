using System.Diagnostics;
using LlamaStack.Testing;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>Spans as text, one a line, each below its parent and in the order in which they started.</summary>
internal static class Tree
{
    public static string Of(MlflowTestTrace trace) => Of(
        [.. trace.Spans.OrderBy(span => span.Start)],
        span => span.SpanId,
        span => span.ParentSpanId,
        span => $"{span.Name} {span.Type}{(span.Status is ActivityStatusCode.Error ? " ERROR" : "")}");

    /// <summary>The spans below a root, by the names that they have in the process.</summary>
    public static string Of(Activity root, IEnumerable<Activity> spans) => Of(
        [root, .. spans.OrderBy(span => span.StartTimeUtc)],
        span => span.SpanId.ToHexString(),
        span => span == root ? null : span.ParentSpanId.ToHexString(),
        span => $"{span.DisplayName}{(span.Status is ActivityStatusCode.Error ? " ERROR" : "")}");

    private static string Of<T>(List<T> spans, Func<T, string> id, Func<T, string?> parent, Func<T, string> line)
    {
        IEnumerable<string> Lines(string? above, string indent) => spans
            .Where(span => string.Equals(parent(span), above, StringComparison.Ordinal))
            .SelectMany(span => Lines(id(span), indent + "  ").Prepend(indent + line(span)));
        var orphans = spans.Where(span => parent(span) is { } above && spans.All(other => id(other) != above)).Select(span => "(orphan) " + line(span));
        return string.Join('\n', Lines(null, "").Concat(orphans));
    }
}
