using System.Diagnostics;
using System.Net;
using System.Text;

namespace LlamaStack.Instrumentation;

/// <summary>What a call's span says when the call is over.</summary>
internal static class CallSpan
{
    public static void Tag(Activity span, ResponseFacts facts, TimeSpan? timeToFirstChunk, GenAIConvention convention, bool isOpenAI)
    {
        Set(span, GenAIAttributes.Response.Id, facts.Id);
        Set(span, GenAIAttributes.Response.Model, facts.Model);
        Set(span, GenAIAttributes.Response.Status, facts.Status);
        Set(span, GenAIAttributes.ConversationId, facts.ConversationId);
        Set(span, GenAIAttributes.Response.TimeToFirstChunk, timeToFirstChunk?.TotalSeconds);
        Set(span, GenAIAttributes.Embeddings.DimensionCount, (long?)facts.Dimensions);
        Set(span, GenAIAttributes.Response.FinishReasons, facts.FinishReasons.Length == 0 ? null : facts.FinishReasons);
        if (isOpenAI)
        {
            Set(span, SemanticAttributes.OpenAI.ResponseServiceTier, facts.ServiceTier);
            Set(span, SemanticAttributes.OpenAI.SystemFingerprint, facts.SystemFingerprint);
        }

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

    /// <summary>Content as attributes, in the convention's form for it.</summary>
    public static void WriteContent(Activity span, SpanContent content)
    {
        foreach (var (key, value) in content.Api is { } api ? Messages(api, content) : ToolCall(content, "", ""))
        {
            span.SetTag(key, value);
        }
    }

    /// <summary>What was said in an exchange.</summary>
    public static IEnumerable<KeyValuePair<string, object?>> Messages(GenAIApi api, SpanContent content) => api switch
    {
        GenAIApi.VectorSearch => Given(
            (GenAIAttributes.Retrieval.QueryText, content.Inputs is { } query ? RetrievalContent.QueryText(query.Span) : null),
            (GenAIAttributes.Retrieval.Documents, content.Outputs is { } found ? RetrievalContent.Documents(found.Span) : null)),
        GenAIApi.ToolInvocation => ToolCall(content, "kwargs", "content"),
        _ => Given(
            (GenAIAttributes.SystemInstructions, content.Inputs is { } instructions ? GenAIMessages.SystemInstructions(api, instructions.Span) : null),
            (GenAIAttributes.InputMessages, content.Inputs is { } inputs ? GenAIMessages.Input(api, inputs.Span) : null),
            (GenAIAttributes.Tool.Definitions, content.Inputs is { } tools ? GenAIMessages.ToolDefinitions(tools.Span) : null),
            (GenAIAttributes.OutputMessages, content.Outputs is { } outputs ? GenAIMessages.Output(api, outputs.Span) : null)),
    };

    /// <summary>What a tool was given and gave back: all of the content, or a member of each.</summary>
    private static IEnumerable<KeyValuePair<string, object?>> ToolCall(SpanContent content, string argumentsMember, string resultMember) => Given(
        (GenAIAttributes.Tool.CallArguments, Json(content.Inputs, argumentsMember)),
        (GenAIAttributes.Tool.CallResult, Json(content.Outputs, resultMember)));

    private static IEnumerable<KeyValuePair<string, object?>> Given(params (string Key, string? Value)[] attributes) =>
        from attribute in attributes
        where attribute.Value is not null
        select new KeyValuePair<string, object?>(attribute.Key, attribute.Value);

    /// <summary>JSON as an attribute; text goes without its quotes.</summary>
    private static string? Json(PooledBytes? content, string member)
    {
        if (content is null)
        {
            return null;
        }

        var json = member.Length == 0 ? content.Span : JsonText.Member(content.Span, Encoding.UTF8.GetBytes(member));
        return json.IsEmpty || JsonText.IsNull(json) ? null : JsonText.String(json) ?? Encoding.UTF8.GetString(json);
    }

    private static void Set(Activity span, string key, object? value)
    {
        if (value is not null)
        {
            span.SetTag(key, value);
        }
    }
}
