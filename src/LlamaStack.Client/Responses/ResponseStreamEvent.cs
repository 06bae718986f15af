using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>An event of a streamed response.</summary>
/// <remarks>The server's <c>error</c> event is no event here but a <see cref="LlamaStackException"/>.</remarks>
[JsonConverter(typeof(ResponseStreamEventConverter))]
public abstract record ResponseStreamEvent : WireObject
{
    private protected ResponseStreamEvent()
    {
    }

    /// <summary>Gets the event's name, such as <c>response.created</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the event's place in the stream; increasing, with gaps.</summary>
    public int? SequenceNumber { get; init; }
}

/// <summary>The response as it stands: <c>response.created</c>, <c>.queued</c>, <c>.in_progress</c>, and at the end <c>.completed</c>, <c>.incomplete</c> or
/// <c>.failed</c>.</summary>
public sealed record ResponseStateEvent : ResponseStreamEvent
{
    /// <summary>Gets the response.</summary>
    public ResponseObject? Response { get; init; }

    /// <summary>Gets whether this is the last event: completed, incomplete or failed.</summary>
    [JsonIgnore]
    public bool IsTerminal => Type is "response.completed" or "response.incomplete" or "response.failed";
}

/// <summary>An item begins, <c>response.output_item.added</c>, or is done, <c>.done</c>.</summary>
/// <remarks>Parallel function calls share an index when they begin; tell items apart by their ids.</remarks>
public sealed record ResponseOutputItemEvent : ResponseStreamEvent
{
    /// <summary>Gets the response's id.</summary>
    public string? ResponseId { get; init; }

    /// <summary>Gets the item's place in the output.</summary>
    public int? OutputIndex { get; init; }

    /// <summary>Gets the item.</summary>
    public ResponseItem? Item { get; init; }
}

/// <summary>An event that belongs to an item.</summary>
/// <remarks>The server may send it for an item that was not announced, or never will be.</remarks>
public abstract record ResponseItemPartEvent : ResponseStreamEvent
{
    private protected ResponseItemPartEvent()
    {
    }

    /// <summary>Gets the item's id; missing on some events of MCP calls.</summary>
    public string? ItemId { get; init; }

    /// <summary>Gets the item's place in the output.</summary>
    public int? OutputIndex { get; init; }

    /// <summary>Gets the place of the part in the item's content.</summary>
    public int? ContentIndex { get; init; }
}

/// <summary>A part of a message begins, <c>response.content_part.added</c>, or is done, <c>.done</c>.</summary>
public sealed record ResponseContentPartEvent : ResponseItemPartEvent
{
    /// <summary>Gets the response's id.</summary>
    public string? ResponseId { get; init; }

    /// <summary>Gets the part.</summary>
    public ResponseContentPart? Part { get; init; }
}

/// <summary>More text: <c>response.output_text.delta</c>.</summary>
/// <remarks>The final response can differ from the sum of these: it has citation marks taken out.</remarks>
public sealed record ResponseOutputTextDeltaEvent : ResponseItemPartEvent
{
    /// <summary>Gets the piece of text.</summary>
    public string? Delta { get; init; }

    /// <summary>Gets the probabilities of its tokens, if asked for.</summary>
    public JsonNode? Logprobs { get; init; }
}

/// <summary>A text is done: <c>response.output_text.done</c>. The server does not send it.</summary>
public sealed record ResponseOutputTextDoneEvent : ResponseItemPartEvent
{
    /// <summary>Gets the whole text.</summary>
    public string? Text { get; init; }

    /// <summary>Gets the probabilities of its tokens, if asked for.</summary>
    public JsonNode? Logprobs { get; init; }
}

/// <summary>More of a refusal: <c>response.refusal.delta</c>.</summary>
public sealed record ResponseRefusalDeltaEvent : ResponseItemPartEvent
{
    /// <summary>Gets the piece of text.</summary>
    public string? Delta { get; init; }
}

/// <summary>A refusal is done: <c>response.refusal.done</c>. The final response does not repeat a model's refusal.</summary>
public sealed record ResponseRefusalDoneEvent : ResponseItemPartEvent
{
    /// <summary>Gets the whole refusal.</summary>
    public string? Refusal { get; init; }
}

/// <summary>More reasoning: <c>response.reasoning_text.delta</c> or <c>response.reasoning_summary_text.delta</c>.</summary>
/// <remarks>The item's id is that of the message to come, not that of the reasoning item.</remarks>
public sealed record ResponseReasoningDeltaEvent : ResponseItemPartEvent
{
    /// <summary>Gets the piece of text.</summary>
    public string? Delta { get; init; }
}

/// <summary>Reasoning is done: <c>response.reasoning_text.done</c> or <c>response.reasoning_summary_text.done</c>.</summary>
public sealed record ResponseReasoningDoneEvent : ResponseItemPartEvent
{
    /// <summary>Gets the whole text.</summary>
    public string? Text { get; init; }
}

/// <summary>More arguments of a call: <c>response.function_call_arguments.delta</c> or <c>response.mcp_call.arguments.delta</c>.</summary>
/// <remarks>The server sends the first name for its own tools too: only a <see cref="ResponseFunctionCallItem"/> is a call for the caller.</remarks>
public sealed record ResponseArgumentsDeltaEvent : ResponseItemPartEvent
{
    /// <summary>Gets the piece of JSON text.</summary>
    public string? Delta { get; init; }
}

/// <summary>The arguments of a call are done: <c>response.function_call_arguments.done</c> or <c>response.mcp_call.arguments.done</c>.</summary>
public sealed record ResponseArgumentsDoneEvent : ResponseItemPartEvent
{
    /// <summary>Gets the whole JSON text.</summary>
    public string? Arguments { get; init; }
}

/// <summary>A tool of the server goes on: <c>response.file_search_call.*</c>, <c>.web_search_call.*</c>, <c>.mcp_call.*</c>, <c>.mcp_list_tools.*</c>.</summary>
/// <remarks>A completed search may have failed: see the item.</remarks>
public sealed record ResponseToolProgressEvent : ResponseItemPartEvent;

/// <summary>An event that this package does not know; its members are in <see cref="WireObject.ExtensionData"/>.</summary>
public sealed record ResponseUnknownEvent : ResponseStreamEvent;
