using Microsoft.Extensions.Logging;

namespace LlamaStack.Mlflow;

internal static partial class Log
{
    [LoggerMessage(EventId = 2001, Level = LogLevel.Information, Message = "Traces go to MLflow at {Address}, experiment {Experiment}.")]
    public static partial void TracesGoToMlflow(this ILogger logger, string address, string experiment);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Information, Message = "Traces go over OTLP to {Address}.")]
    public static partial void TracesGoOverOtlp(this ILogger logger, string address);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Information, Message = "Tracing to MLflow is switched off (MLFLOW_ENABLE_TRACING or LlamaStack:Tracing:Enabled is false).")]
    public static partial void TracingIsOff(this ILogger logger);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Warning, Message = "WithMlflowTracing() and WithOtlpTracing() were both called. Traces go one way only, mode {Mode}: remove one of the calls, or set LlamaStack:Tracing:Mode.")]
    public static partial void BothModes(this ILogger logger, TracingMode mode);

    [LoggerMessage(EventId = 2005, Level = LogLevel.Warning, Message = "{Variable} is set and asks for traces on two ways; they go one way only, mode {Mode}. A Collector can send them on to several back ends: LlamaStack:Tracing:Mode=Otlp.")]
    public static partial void DualExport(this ILogger logger, string variable, TracingMode mode);

    [LoggerMessage(EventId = 2006, Level = LogLevel.Information, Message = "{Variable} is set, but traces go to MLflow directly. Does the application export them over OTLP as well, to a Collector that sends them on to the same MLflow, then each is written there twice: set LlamaStack:Tracing:Mode=Otlp or MLFLOW_ENABLE_TRACING=false.")]
    public static partial void MayBeWrittenTwice(this ILogger logger, string variable);

    [LoggerMessage(EventId = 2010, Level = LogLevel.Warning, Message = "Traces do not reach MLflow: {Problem} Calls go on untouched. Said once until it changes; health check \"mlflow\" says the same.")]
    public static partial void DeliveryFails(this ILogger logger, string problem);

    [LoggerMessage(EventId = 2011, Level = LogLevel.Information, Message = "Traces reach MLflow again; {Dropped} were lost since the application started.")]
    public static partial void DeliveryWorks(this ILogger logger, long dropped);

    [LoggerMessage(EventId = 2012, Level = LogLevel.Warning, Message = "MLflow cannot store trace {TraceId}: {Problem} It is dropped, the others of its batch are not. Said once a minute at most; {Untold} more were dropped so since the last time.")]
    public static partial void TraceDropped(this ILogger logger, string traceId, string problem, long untold);

    [LoggerMessage(EventId = 2013, Level = LogLevel.Error, Message = "Exporting traces failed unexpectedly; the batch is dropped.")]
    public static partial void ExportFailed(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 2014, Level = LogLevel.Warning, Message = "MLflow has the spans of trace {TraceId}, but not all that is told beside them (previews, metadata, links): {Problem} Said once until it changes.")]
    public static partial void TraceInfoFailed(this ILogger logger, string traceId, string problem);

    [LoggerMessage(EventId = 2015, Level = LogLevel.Warning, Message = "{Problem} The spool is set by LlamaStack:Tracing:SpoolDirectory. Said once until it changes; health check \"mlflow\" says the same.")]
    public static partial void SpoolFails(this ILogger logger, string problem);

    [LoggerMessage(EventId = 2016, Level = LogLevel.Warning, Message = "The spool file {Path} is damaged in {Parts} places: what can be read of it is sent, then it is set aside as .corrupt.")]
    public static partial void SpoolDamaged(this ILogger logger, string path, int parts);

    [LoggerMessage(EventId = 2020, Level = LogLevel.Warning, Message = "{Check} is not healthy: {Problem}")]
    public static partial void NotHealthy(this ILogger logger, string check, string problem);

    [LoggerMessage(EventId = 2021, Level = LogLevel.Information, Message = "{Check} is healthy: {Description}")]
    public static partial void Healthy(this ILogger logger, string check, string description);
}
