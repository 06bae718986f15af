using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>A response as an answer of Microsoft.Extensions.AI: one message of the assistant with all that the response holds, in its order.</summary>
internal static class ResponseAnswers
{
    public static ChatResponse From(ResponseObject response, string? conversationId, Uri endpoint)
    {
        ThrowIfFailed(response, endpoint);
        var message = new ChatMessage(ChatRole.Assistant, [.. response.Output.SelectMany(Contents)])
        {
            MessageId = response.Id,
            CreatedAt = response.CreatedAt,
        };
        return new ChatResponse(message)
        {
            ResponseId = response.Id,
            ConversationId = conversationId,
            ModelId = response.Model,
            CreatedAt = response.CreatedAt,
            FinishReason = FinishReason(response),
            Usage = response.Usage is { } usage ? From(usage) : null,
            RawRepresentation = response,
        };
    }

    /// <summary>Fails as a plain call does, for which the server answers 500.</summary>
    public static void ThrowIfFailed(ResponseObject? response, Uri endpoint)
    {
        if (response?.Status == "failed")
        {
            throw new LlamaStackException($"The LlamaStack server at {endpoint} failed to respond: {response.Error?.Message ?? "it does not say why."}")
            {
                Code = response.Error?.Code,
                ServerMessage = response.Error?.Message,
            };
        }
    }

    public static ChatFinishReason FinishReason(ResponseObject response) =>
        AIValues.FinishReason(response.IncompleteDetails?.Reason)
        ?? (response.Output.Any(static item => item is ResponseFunctionCallItem) ? ChatFinishReason.ToolCalls
            : response.Refusal is not null ? ChatFinishReason.ContentFilter
            : ChatFinishReason.Stop);

    public static UsageDetails From(ResponseUsage usage) => new()
    {
        InputTokenCount = usage.InputTokens,
        OutputTokenCount = usage.OutputTokens,
        TotalTokenCount = usage.TotalTokens,
        CachedInputTokenCount = usage.InputTokensDetails?.CachedTokens,
        ReasoningTokenCount = usage.OutputTokensDetails?.ReasoningTokens,
    };

    /// <summary>What an item says. Of a call that the server ran, only the result carries the item: sent back, it is one item again.</summary>
    public static IEnumerable<AIContent> Contents(ResponseItem item)
    {
        switch (item)
        {
            case ResponseMessageItem { Content: { } content }:
                return content.Parts is { } parts ? parts.Select(From).OfType<AIContent>() : [new TextContent(content.Text)];

            case ResponseReasoningItem reasoning:
                var text = string.Concat((reasoning.Content is { Count: > 0 } whole ? whole : reasoning.Summary ?? []).Select(static part => part.Text));
                return [new TextReasoningContent(text) { ProtectedData = reasoning.EncryptedContent, RawRepresentation = reasoning }];

            case ResponseFunctionCallItem call:
                return [AIValues.FunctionCall(call.CallId, call.Name, call.Arguments, call)];

            case ResponseMcpCallItem call:
                return
                [
                    McpCall(call.Id, call.Name, call.ServerLabel, call.Arguments),
                    new McpServerToolResultContent(call.Id ?? "") { Outputs = [Result(call)], RawRepresentation = call },
                ];

            case ResponseMcpApprovalRequestItem request:
                var waiting = McpCall(request.Id, request.Name, request.ServerLabel, request.Arguments);
                return [new ToolApprovalRequestContent(request.Id ?? "", waiting) { RawRepresentation = request }];

            default:
                return [new AIContent { RawRepresentation = item }];
        }
    }

    public static ErrorContent Refusal(string? refusal) => new(refusal) { ErrorCode = AIValues.RefusalCode };

    /// <summary>What a text cites, as annotations of a content.</summary>
    public static List<AIAnnotation>? Annotations(ResponseContentPart part) =>
        part.Annotations is not { Count: > 0 } annotations ? null : [.. annotations.Select(From)];

    private static AIContent? From(ResponseContentPart part) => part switch
    {
        { Refusal: { } refusal } => Refusal(refusal),
        { Text: { } text } => new TextContent(text) { Annotations = Annotations(part) },
        _ => null,
    };

    private static CitationAnnotation From(ResponseAnnotation annotation) => new()
    {
        FileId = annotation.FileId,
        Title = annotation.Title ?? annotation.Filename,
        Url = Uri.TryCreate(annotation.Url, UriKind.Absolute, out var url) ? url : null,
        AnnotatedRegions = annotation.StartIndex is null && annotation.EndIndex is null
            ? null
            : [new TextSpanAnnotatedRegion { StartIndex = annotation.StartIndex, EndIndex = annotation.EndIndex }],
        RawRepresentation = annotation,
    };

    private static AIContent Result(ResponseMcpCallItem call) => call.Error switch
    {
        null => new TextContent(call.Output),
        JsonValue error when error.TryGetValue(out string? text) => new ErrorContent(text),
        var error => new ErrorContent(error.ToJsonString()),
    };

    private static McpServerToolCallContent McpCall(string? id, string? name, string? server, string? arguments) => new(id ?? "", name ?? "", server)
    {
        Arguments = AIValues.FunctionCall(id, name, arguments, raw: null).Arguments,
    };
}
