using System.Diagnostics;
using LlamaStack.Testing;
using LlamaStack.TestSupport;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>Spans as text, one a line, each below its parent and in the order in which they started.</summary>
internal static class Tree
{
    public static string Of(MlflowTestTrace trace) => SpanTree.Of(
        (MlflowTestSpan[])[.. trace.Spans.OrderBy(span => span.Start)],
        span => span.SpanId,
        span => span.ParentSpanId,
        span => $"{span.Name} {span.Type}{(span.Status is ActivityStatusCode.Error ? " ERROR" : "")}");

    /// <summary>The spans below a root, by the names that they have in the process.</summary>
    public static string Of(Activity root, IEnumerable<Activity> spans) => SpanTree.Of(
        (Activity[])[root, .. spans.OrderBy(span => span.StartTimeUtc)],
        span => span.SpanId.ToHexString(),
        span => span == root ? null : span.ParentSpanId.ToHexString(),
        span => $"{span.DisplayName}{(span.Status is ActivityStatusCode.Error ? " ERROR" : "")}");
}
