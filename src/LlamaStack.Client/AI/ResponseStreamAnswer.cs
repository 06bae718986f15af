using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>Events of a streamed response as updates of Microsoft.Extensions.AI. Texts pass as they come, calls when their items are done.</summary>
internal sealed class ResponseStreamAnswer(Func<ResponseObject?, string?> conversationOf, Uri endpoint)
{
    private ResponseObject? _response;
    private bool _hasText;
    private bool _hasRefusal;

    public ChatResponseUpdate Add(ResponseStreamEvent item)
    {
        if (item is ResponseStateEvent { Response: { } response })
        {
            ResponseAnswers.ThrowIfFailed(response, endpoint);
            _response = response;
        }

        return new ChatResponseUpdate(ChatRole.Assistant, [.. Contents(item)])
        {
            ResponseId = _response?.Id,
            MessageId = _response?.Id,
            ConversationId = conversationOf(_response),
            ModelId = _response?.Model,
            CreatedAt = _response?.CreatedAt,
            FinishReason = item is ResponseStateEvent { IsTerminal: true } && _response is not null ? ResponseAnswers.FinishReason(_response) : null,
            RawRepresentation = item,
        };
    }

    private IEnumerable<AIContent> Contents(ResponseStreamEvent item)
    {
        switch (item)
        {
            case ResponseOutputTextDeltaEvent { Delta: { Length: > 0 } delta }:
                _hasText = true;
                return [new TextContent(delta)];

            case ResponseReasoningDeltaEvent { Delta: { Length: > 0 } delta }:
                return [new TextReasoningContent(delta)];

            case ResponseRefusalDoneEvent { Refusal: { } refusal }:
                _hasRefusal = true;
                return [ResponseAnswers.Refusal(refusal)];

            // Their texts have passed already.
            case ResponseOutputItemEvent { Item: ResponseMessageItem or ResponseReasoningItem }:
                return [];

            case ResponseOutputItemEvent { Type: "response.output_item.done", Item: { } done }:
                return ResponseAnswers.Contents(done);

            case ResponseStateEvent { IsTerminal: true, Response: { } response }:
                return Rest(response);

            default:
                return [];
        }
    }

    /// <summary>What stands in the final response only: a guardrail's refusal, citations, a text that had no deltas, and the usage.</summary>
    private IEnumerable<AIContent> Rest(ResponseObject response)
    {
        if (!_hasText && response.OutputText is { Length: > 0 } text)
        {
            yield return new TextContent(text);
        }

        if (!_hasRefusal && response.Refusal is { } refusal)
        {
            yield return ResponseAnswers.Refusal(refusal);
        }

        var parts = response.Output.OfType<ResponseMessageItem>().SelectMany(static message => message.Content?.Parts ?? []);
        if (parts.SelectMany(static part => ResponseAnswers.Annotations(part) ?? []).ToList() is { Count: > 0 } annotations)
        {
            yield return new AIContent { Annotations = annotations };
        }

        if (response.Usage is { } usage)
        {
            yield return new UsageContent(ResponseAnswers.From(usage));
        }
    }
}
