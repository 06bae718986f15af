using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>A chat completion as an answer of Microsoft.Extensions.AI. Of several choices the first counts; the others are in the raw representation.</summary>
internal static class ChatAnswers
{
    public static ChatResponse From(ChatCompletion completion)
    {
        var choice = completion.Choices is [var first, ..] ? first : null;
        var message = new ChatMessage(ChatRole.Assistant, choice?.Message is { } answer ? Contents(answer) : [])
        {
            MessageId = completion.Id,
            RawRepresentation = choice?.Message,
        };
        return new ChatResponse(message)
        {
            ResponseId = completion.Id,
            ModelId = completion.Model,
            CreatedAt = completion.Created,
            FinishReason = AIValues.FinishReason(choice?.FinishReason),
            Usage = completion.Usage is { } usage ? From(usage) : null,
            RawRepresentation = completion,
        };
    }

    public static UsageDetails From(ChatUsage usage) => new()
    {
        InputTokenCount = usage.PromptTokens,
        OutputTokenCount = usage.CompletionTokens,
        TotalTokenCount = usage.TotalTokens,
        CachedInputTokenCount = usage.PromptTokensDetails?.CachedTokens,
        ReasoningTokenCount = usage.CompletionTokensDetails?.ReasoningTokens,
    };

    /// <summary>Reasoning and text of a message, or of a piece of one.</summary>
    public static IEnumerable<AIContent> TextContents(ChatCompletionMessage message)
    {
        if ((message.Reasoning ?? message.ReasoningContent) is { Length: > 0 } reasoning)
        {
            yield return new TextReasoningContent(reasoning);
        }

        if (message.Content?.Text is { Length: > 0 } text)
        {
            yield return new TextContent(text);
        }
    }

    private static List<AIContent> Contents(ChatCompletionMessage message)
    {
        var contents = TextContents(message).ToList();
        if (message.Refusal is { Length: > 0 } refusal)
        {
            contents.Add(new ErrorContent(refusal) { ErrorCode = AIValues.RefusalCode });
        }

        contents.AddRange(message.ToolCalls?.Select(static call => AIValues.FunctionCall(call.Id, call.Function?.Name, call.Function?.Arguments, call)) ?? []);
        return contents;
    }
}
