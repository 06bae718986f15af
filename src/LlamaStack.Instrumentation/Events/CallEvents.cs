using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace LlamaStack.Instrumentation;

/// <summary>What is told of a call in log records, with the call's trace and span: its failure, and on request all of it.</summary>
internal static class CallEvents
{
    private static readonly EventId _exception = new(1003, GenAIAttributes.Event.OperationException);
    private static readonly EventId _details = new(1004, GenAIAttributes.Event.OperationDetails);

    /// <summary>The call failed: <c>gen_ai.client.operation.exception</c>. What its caller cancelled is worth a line to nobody but who debugs.</summary>
    /// <param name="telemetry">What is recorded.</param>
    /// <param name="activity">The call's span, if it has one.</param>
    /// <param name="request">What was asked.</param>
    /// <param name="answeredBy">The model that answered, if it is known.</param>
    /// <param name="failure">What happened.</param>
    /// <param name="content">What becomes of the words of errors.</param>
    public static void Failed(CallTelemetry telemetry, Activity? activity, RequestFacts request, string? answeredBy, CallFailure failure, ContentPolicy content)
    {
        var level = failure.Type is "cancelled" ? LogLevel.Debug : LogLevel.Warning;
        if (!telemetry.Logger.IsEnabled(level))
        {
            return;
        }

        var message = (failure.Words is { } words ? content.Text(words) : null) ?? failure.Message;
        List<KeyValuePair<string, object?>> attributes =
        [
            .. request.MetricTags(answeredBy),
            new(SemanticAttributes.ErrorType, failure.Type),
            new(SemanticAttributes.ExceptionType, failure.Exception?.GetType().FullName ?? failure.Type),
            new(SemanticAttributes.ExceptionMessage, message),
        ];
        if (failure.Exception?.StackTrace is { } stack)
        {
            attributes.Add(new(SemanticAttributes.ExceptionStackTrace, stack));
        }

        using var current = new CurrentActivity(activity);
        new GenAIEvent($"{request.SpanName} failed ({failure.Type}): {message}", attributes).LogTo(telemetry.Logger, level, _exception);
    }

    /// <summary>All that the call's span says: <c>gen_ai.client.inference.operation.details</c>, where it is asked for.</summary>
    /// <param name="telemetry">What is recorded.</param>
    /// <param name="activity">The call's span, with all its attributes.</param>
    /// <param name="content">What was said, if it is recorded and does not stand on the span.</param>
    public static void Details(CallTelemetry telemetry, Activity activity, SpanContent content)
    {
        // The coming form of the convention says that this is for who debugs.
        var level = telemetry.Convention.HasFlag(GenAIConvention.Latest) ? LogLevel.Debug : LogLevel.Information;
        if (!telemetry.EmitOperationDetails || content.Api is not { } api || !api.IsInference() || !telemetry.Logger.IsEnabled(level))
        {
            return;
        }

        List<KeyValuePair<string, object?>> attributes = [.. activity.TagObjects];
        if (!telemetry.WriteMessages)
        {
            attributes.AddRange(CallSpan.Messages(api, content));
        }

        using var current = new CurrentActivity(activity);
        new GenAIEvent(activity.DisplayName, attributes).LogTo(telemetry.Logger, level, _details);
    }
}
