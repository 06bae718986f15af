using System.Diagnostics;
using System.Net;
using System.Text;

namespace LlamaStack.Instrumentation;

/// <summary>What a call's span says when the call is over.</summary>
internal static class CallSpan
{
    public static void Tag(Activity span, ResponseFacts facts, TimeSpan? timeToFirstChunk, GenAIConvention convention)
    {
        Set(span, GenAIAttributes.Response.Id, facts.Id);
        Set(span, GenAIAttributes.Response.Model, facts.Model);
        Set(span, GenAIAttributes.Response.Status, facts.Status);
        Set(span, GenAIAttributes.ConversationId, facts.ConversationId);
        Set(span, GenAIAttributes.Response.TimeToFirstChunk, timeToFirstChunk?.TotalSeconds);
        Set(span, GenAIAttributes.Embeddings.DimensionCount, (long?)facts.Dimensions);
        Set(span, GenAIAttributes.Response.FinishReasons, facts.FinishReasons.Count == 0 ? null : facts.FinishReasons.ToArray());
        if (facts.Usage is { } usage)
        {
            Set(span, GenAIAttributes.Usage.InputTokens, usage.Input);
            Set(span, GenAIAttributes.Usage.OutputTokens, usage.Output);
            Set(span, GenAIAttributes.Usage.CacheReadInputTokens, usage.CacheRead);
            Set(span, GenAIAttributes.Usage.CacheCreationInputTokens, convention.HasFlag(GenAIConvention.Released) ? usage.CacheWrite : null);
            Set(span, GenAIAttributes.Usage.CacheWriteInputTokens, convention.HasFlag(GenAIConvention.Latest) ? usage.CacheWrite : null);
            Set(span, GenAIAttributes.Usage.ReasoningOutputTokens, usage.Reasoning);
        }
    }

    public static void Tag(Activity span, CallFailure failure, HttpStatusCode? status, bool withServersWords)
    {
        var message = withServersWords ? failure.ServersWords ?? failure.Message : failure.Message;
        span.SetTag(SemanticAttributes.ErrorType, failure.Type);
        span.SetStatus(ActivityStatusCode.Error, message);
        Set(span, SemanticAttributes.HttpStatusCode, (int?)status);
        if (failure.Exception is not null)
        {
            span.AddException(failure.Exception);
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
        switch (api)
        {
            case GenAIApi.VectorSearch:
                Set(span, GenAIAttributes.Retrieval.QueryText, content.Inputs is null ? null : RetrievalContent.QueryText(content.Inputs.Span));
                Set(span, GenAIAttributes.Retrieval.Documents, content.Outputs is null ? null : RetrievalContent.Documents(content.Outputs.Span));
                return;
            case GenAIApi.ToolInvocation:
                Set(span, GenAIAttributes.Tool.CallArguments, content.Inputs is null ? null : Json(JsonText.Member(content.Inputs.Span, "kwargs"u8)));
                Set(span, GenAIAttributes.Tool.CallResult, content.Outputs is null ? null : Json(JsonText.Member(content.Outputs.Span, "content"u8)));
                return;
        }

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

    /// <summary>What a tool of the server's was given and gave back, in the convention's attributes.</summary>
    public static void WriteToolContent(Activity span, SpanContent content)
    {
        if (content.Api is { } api)
        {
            WriteMessages(span, api, content);
            return;
        }

        Set(span, GenAIAttributes.Tool.CallArguments, content.Inputs is null ? null : Json(content.Inputs.Span));
        Set(span, GenAIAttributes.Tool.CallResult, content.Outputs is null ? null : Json(content.Outputs.Span));
    }

    /// <summary>JSON as an attribute; text goes without its quotes.</summary>
    private static string? Json(ReadOnlySpan<byte> json) => json.IsEmpty ? null : JsonText.String(json) ?? Encoding.UTF8.GetString(json);

    private static void Set(Activity span, string key, object? value)
    {
        if (value is not null)
        {
            span.SetTag(key, value);
        }
    }
}
