using System.Diagnostics;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>A span that leaves, with what it carries: looked up once, since an activity takes a lock to tell.</summary>
/// <param name="activity">The span.</param>
internal readonly struct ExportedSpan(Activity activity)
{
    public Activity Activity { get; } = activity;

    /// <summary>Gets its type, inputs and outputs; null on a span of another library.</summary>
    public SpanContent? Content { get; } = SpanContent.Of(activity);

    /// <summary>Gets a value indicating whether it is that of a model call which was seen on the wire.</summary>
    public bool IsExchange => Content?.Api is { } api && api.IsModelCall();

    public string? Text(string key) => Activity.GetTagItem(key) as string;
}
