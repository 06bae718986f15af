namespace WebApi;

internal static partial class Log
{
    [LoggerMessage(EventId = 9001, Level = LogLevel.Information, Message = "This is a demonstration: {Missing}. Set these to real servers and start again.")]
    public static partial void StandInsAreUsed(this ILogger logger, string missing);

    [LoggerMessage(EventId = 9002, Level = LogLevel.Warning, Message = "A model call failed with {Status}: {Problem}")]
    public static partial void ModelCallFailed(this ILogger logger, int status, string problem);
}
