using Microsoft.Extensions.Logging;

namespace LlamaStack.AspNetCore;

internal static partial class Log
{
    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning, Message = "RequestTracingOptions.{Question} threw an exception; the request goes on, its trace lacks the answer. Said once.")]
    public static partial void QuestionFailed(this ILogger logger, string question, Exception exception);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Warning, Message = "Feedback on trace {TraceId} could not be stored: {Problem}")]
    public static partial void FeedbackFailed(this ILogger logger, string traceId, string problem);
}
