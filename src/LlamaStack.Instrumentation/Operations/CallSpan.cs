using System.Diagnostics;
using System.Net;

namespace LlamaStack.Instrumentation;

/// <summary>What a call's span says when the call is over.</summary>
internal static class CallSpan
{
    public static void Tag(Activity span, ResponseFacts facts, TimeSpan? timeToFirstChunk)
    {
        Set(span, GenAIAttributes.Response.Id, facts.Id);
        Set(span, GenAIAttributes.Response.Model, facts.Model);
        Set(span, GenAIAttributes.ConversationId, facts.ConversationId);
        Set(span, GenAIAttributes.Response.TimeToFirstChunk, timeToFirstChunk?.TotalSeconds);
        Set(span, GenAIAttributes.Embeddings.DimensionCount, (long?)facts.Dimensions);
        Set(span, GenAIAttributes.Response.FinishReasons, facts.FinishReasons.Count == 0 ? null : facts.FinishReasons.ToArray());
        if (facts.Usage is { } usage)
        {
            Set(span, GenAIAttributes.Usage.InputTokens, usage.Input);
            Set(span, GenAIAttributes.Usage.OutputTokens, usage.Output);
            Set(span, GenAIAttributes.Usage.CacheReadInputTokens, usage.CacheRead);
            Set(span, GenAIAttributes.Usage.CacheCreationInputTokens, usage.CacheCreation);
            Set(span, GenAIAttributes.Usage.ReasoningOutputTokens, usage.Reasoning);
        }
    }

    public static void Tag(Activity span, CallFailure failure, HttpStatusCode? status, ContentPolicy content)
    {
        var words = failure.Words is { } said ? content.Text(said) : null;
        var message = words ?? failure.Message;
        span.SetTag(SemanticAttributes.ErrorType, failure.Type);
        span.SetStatus(ActivityStatusCode.Error, message);
        Set(span, SemanticAttributes.HttpStatusCode, (int?)status);
        if (failure.Exception is { } exception && (failure.Words is null || words is not null))
        {
            (failure.Words is null ? ContentPolicy.Full : content).AddException(span, exception);
        }
        else
        {
            span.AddEvent(new ActivityEvent(SemanticAttributes.ExceptionEvent, tags: new ActivityTagsCollection
            {
                [SemanticAttributes.ExceptionType] = failure.Type,
                [SemanticAttributes.ExceptionMessage] = message,
            }));
        }
    }

    /// <summary>Content as attributes, in the convention's message format.</summary>
    public static void WriteMessages(Activity span, GenAIApi api, SpanContent content)
    {
        if (content.Inputs is { } inputs)
        {
            Set(span, GenAIAttributes.SystemInstructions, GenAIMessages.SystemInstructions(api, inputs.Span));
            Set(span, GenAIAttributes.InputMessages, GenAIMessages.Input(api, inputs.Span));
            Set(span, GenAIAttributes.Tool.Definitions, GenAIMessages.ToolDefinitions(inputs.Span));
        }

        if (content.Outputs is { } outputs)
        {
            Set(span, GenAIAttributes.OutputMessages, GenAIMessages.Output(api, outputs.Span));
        }
    }

    private static void Set(Activity span, string key, object? value)
    {
        if (value is not null)
        {
            span.SetTag(key, value);
        }
    }
}
