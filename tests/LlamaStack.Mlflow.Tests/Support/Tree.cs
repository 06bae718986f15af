using System.Text;
using LlamaStack.Testing;

namespace LlamaStack.Mlflow.Tests;

/// <summary>A trace drawn: one span a line, below its parent, in the order in which they started.</summary>
internal static class Tree
{
    public static string Of(MlflowTestTrace trace)
    {
        var text = new StringBuilder();
        Draw(text, trace, null, 0);

        // A parent that is not there: its children would be missing from the drawing.
        foreach (var orphan in trace.Spans.Where(span => span.ParentSpanId is { } parent && trace.Spans.All(other => other.SpanId != parent)))
        {
            text.Append("orphan: ").AppendLine(orphan.Name);
        }

        return text.ToString().TrimEnd().ReplaceLineEndings("\n");
    }

    private static void Draw(StringBuilder text, MlflowTestTrace trace, string? parent, int depth)
    {
        foreach (var span in trace.Spans.Where(span => span.ParentSpanId == parent).OrderBy(span => span.Start))
        {
            text.Append(' ', 2 * depth).AppendLine(span.Name);
            Draw(text, trace, span.SpanId, depth + 1);
        }
    }
}
