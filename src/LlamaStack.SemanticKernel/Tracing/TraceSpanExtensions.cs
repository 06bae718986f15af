using System.Diagnostics;
using LlamaStack.Instrumentation;

namespace LlamaStack.SemanticKernel;

internal static class TraceSpanExtensions
{
    /// <summary>Says that the span failed. An exception's message may quote what a user or a model wrote: without content, its type must do.</summary>
    public static void SetError(this TraceSpan span, Exception exception, bool keepContent)
    {
        if (keepContent)
        {
            span.SetError(exception);
        }
        else if (span.Activity is { } activity)
        {
            var type = exception.GetType().FullName;
            activity.SetTag(SemanticAttributes.ErrorType, type);
            activity.SetStatus(ActivityStatusCode.Error, type);
            activity.AddEvent(new ActivityEvent(SemanticAttributes.ExceptionEvent, tags: new ActivityTagsCollection { [SemanticAttributes.ExceptionType] = type }));
        }
    }
}
