using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>What becomes of prompts, answers, arguments, results and the words of errors before they are recorded. A redaction that throws leaves nothing.</summary>
/// <param name="capture">Whether they are recorded.</param>
/// <param name="redact">What makes a text fit to be recorded; without one, <see cref="ContentCapture.Redacted"/> records nothing.</param>
/// <param name="maxLength">The most bytes of one input or output.</param>
/// <param name="failed">Is told that the redaction threw.</param>
internal sealed class ContentPolicy(ContentCapture capture, Func<string, string>? redact = null, int maxLength = ContentPolicy.DefaultMaxLength, Action<Exception>? failed = null)
{
    public const int DefaultMaxLength = 8 * 1024 * 1024;

    public static ContentPolicy Full { get; } = new(ContentCapture.Full);

    public static ContentPolicy None { get; } = new(ContentCapture.None);

    /// <summary>Gets a value indicating whether anything is recorded.</summary>
    public bool Records { get; } = capture is ContentCapture.Full || (capture is ContentCapture.Redacted && redact is not null);

    /// <summary>The policy for what happens now: the application may say otherwise for a while.</summary>
    public ContentPolicy Current() =>
        LlamaStackTrace.Ambient?.Content is { } now && now != capture ? new ContentPolicy(now, redact, maxLength, failed) : this;

    /// <summary>A text as it may be recorded; null where it may not.</summary>
    public string? Text(string text)
    {
        if (!Records || capture is ContentCapture.Full)
        {
            return Records ? text : null;
        }

        try
        {
            return redact!(text);
        }
        catch (Exception e)
        {
            failed?.Invoke(e);
            return null;
        }
    }

    /// <summary>Content as it may be recorded. Takes the buffer, and may give another one back.</summary>
    /// <param name="json">What was said.</param>
    /// <param name="isExchange">Is it a request or an answer, in which roles, types and ids are no content?</param>
    /// <returns>Null where nothing may be recorded.</returns>
    public PooledBytes? Json(PooledBytes? json, bool isExchange)
    {
        if (json is null || (Records && capture is ContentCapture.Full && json.Length <= maxLength))
        {
            return json;
        }

        var recorded = Records ? ContentRewriter.Rewrite(json.Span, capture is ContentCapture.Redacted ? Text : null, maxLength, isExchange) : null;
        json.Return();
        return recorded;
    }

    /// <summary>Says of a span that an exception was thrown, in the words that may be recorded.</summary>
    /// <param name="span">The span.</param>
    /// <param name="exception">What was thrown.</param>
    public void AddException(Activity span, Exception exception)
    {
        if (capture is ContentCapture.Full)
        {
            span.AddException(exception);
            return;
        }

        var tags = new ActivityTagsCollection { [SemanticAttributes.ExceptionType] = exception.GetType().FullName };
        if (Text(exception.Message) is { } message)
        {
            tags[SemanticAttributes.ExceptionMessage] = message;
        }

        if (Text(exception.ToString()) is { } stack)
        {
            tags[SemanticAttributes.ExceptionStackTrace] = stack;
        }

        span.AddEvent(new ActivityEvent(SemanticAttributes.ExceptionEvent, tags: tags));
    }
}
