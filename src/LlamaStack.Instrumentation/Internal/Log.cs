using Microsoft.Extensions.Logging;

namespace LlamaStack.Instrumentation;

internal static partial class Log
{
    [LoggerMessage(EventId = 1001, Level = LogLevel.Warning, Message =
        "A model call is not recorded: {Reason}. Further ones are only counted (llama_stack.calls.unrecorded). "
        + "caller_not_sampled: the request came with a traceparent ending in -00; app.UseLlamaStackTracing(), or HonorIncomingSampling = false, records it all the same. "
        + "parent_not_sampled and sampler: the application's own sampler said no.")]
    public static partial void CallNotRecorded(this ILogger logger, string reason);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Warning, Message = "Observing a model call failed; the call itself goes on untouched, its span may lack something.")]
    public static partial void ObservingFailed(this ILogger logger, Exception exception);
}
