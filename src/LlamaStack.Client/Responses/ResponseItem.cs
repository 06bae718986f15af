using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>An item of a response's input or output.</summary>
[JsonConverter(typeof(ResponseItemConverter))]
public abstract record ResponseItem : WireObject
{
    private protected ResponseItem(string? type) => Type = type;

    /// <summary>Gets the kind of item. <see langword="null"/> for a message of a request that was written without one.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the item's id. <see langword="null"/> on items of a request, and on a guardrail's refusal.</summary>
    public string? Id { get; init; }

    /// <summary>Gets <c>in_progress</c>, <c>completed</c>, <c>incomplete</c> or <c>failed</c>; some kinds have none.</summary>
    public string? Status { get; init; }
}

/// <summary>A message.</summary>
public sealed record ResponseMessageItem() : ResponseItem("message")
{
    /// <summary>Gets <c>user</c>, <c>system</c>, <c>developer</c> or <c>assistant</c>.</summary>
    public string? Role { get; init; }

    /// <summary>Gets the text, or the parts.</summary>
    public ResponseContent? Content { get; init; }
}

/// <summary>A function that the caller is to run.</summary>
/// <remarks>Also a call of a tool that the model made up.</remarks>
public sealed record ResponseFunctionCallItem() : ResponseItem("function_call")
{
    /// <summary>Gets the id that the result must name.</summary>
    public string? CallId { get; init; }

    /// <summary>Gets the function's name.</summary>
    public string? Name { get; init; }

    /// <summary>Gets the arguments as JSON text, as the model wrote it: it may be invalid.</summary>
    public string? Arguments { get; init; }
}

/// <summary>What a function of the caller returned.</summary>
public sealed record ResponseFunctionCallOutputItem() : ResponseItem("function_call_output")
{
    /// <summary>Gets the call that is answered.</summary>
    public string? CallId { get; init; }

    /// <summary>Gets the result; a plain text is understood by every server.</summary>
    public ResponseContent? Output { get; init; }
}

/// <summary>What the model thought.</summary>
public sealed record ResponseReasoningItem() : ResponseItem("reasoning")
{
    /// <summary>Gets a summary of the reasoning, if asked for.</summary>
    public IReadOnlyList<ResponseContentPart>? Summary { get; init; }

    /// <summary>Gets the reasoning itself.</summary>
    public IReadOnlyList<ResponseContentPart>? Content { get; init; }

    /// <summary>Gets the reasoning in a form that only its provider reads.</summary>
    public string? EncryptedContent { get; init; }
}

/// <summary>A search in vector stores that the server ran.</summary>
public sealed record ResponseFileSearchCallItem() : ResponseItem("file_search_call")
{
    /// <summary>Gets what was searched for.</summary>
    public IReadOnlyList<string>? Queries { get; init; }

    /// <summary>Gets the hits.</summary>
    public IReadOnlyList<ResponseFileSearchResult>? Results { get; init; }
}

/// <summary>A hit of a search in vector stores.</summary>
public sealed record ResponseFileSearchResult : WireObject
{
    /// <summary>Gets the file, or the document within a chunk store.</summary>
    public string? FileId { get; init; }

    /// <summary>Gets the file's name; the server sends its id here.</summary>
    public string? Filename { get; init; }

    /// <summary>Gets how well the text fits; the scale is the store's.</summary>
    public double? Score { get; init; }

    /// <summary>Gets the text found.</summary>
    public string? Text { get; init; }

    /// <summary>Gets the attributes of the file.</summary>
    public JsonObject? Attributes { get; init; }
}

/// <summary>A search in the web that the server ran; <see cref="ResponseItem.Status"/> tells whether it failed.</summary>
public sealed record ResponseWebSearchCallItem() : ResponseItem("web_search_call")
{
    /// <summary>Gets what was done; the server sends none.</summary>
    public JsonNode? Action { get; init; }
}

/// <summary>A tool of an MCP server that the server called.</summary>
public sealed record ResponseMcpCallItem() : ResponseItem("mcp_call")
{
    /// <summary>Gets the tool's name.</summary>
    public string? Name { get; init; }

    /// <summary>Gets the arguments as JSON text.</summary>
    public string? Arguments { get; init; }

    /// <summary>Gets which MCP server the tool belongs to.</summary>
    public string? ServerLabel { get; init; }

    /// <summary>Gets what the tool returned.</summary>
    public string? Output { get; init; }

    /// <summary>Gets why the call failed: a text; the server hides the tool's own words.</summary>
    public JsonNode? Error { get; init; }
}

/// <summary>The tools that an MCP server offers.</summary>
public sealed record ResponseMcpListToolsItem() : ResponseItem("mcp_list_tools")
{
    /// <summary>Gets which MCP server was asked.</summary>
    public string? ServerLabel { get; init; }

    /// <summary>Gets its tools.</summary>
    public IReadOnlyList<ResponseMcpToolDefinition>? Tools { get; init; }
}

/// <summary>A tool of an MCP server.</summary>
public sealed record ResponseMcpToolDefinition : WireObject
{
    /// <summary>Gets the tool's name.</summary>
    public string? Name { get; init; }

    /// <summary>Gets what it does.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the JSON schema of its arguments.</summary>
    public JsonElement? InputSchema { get; init; }
}

/// <summary>An MCP call that waits for a yes or no; the next turn answers it with a <see cref="ResponseMcpApprovalResponseItem"/>.</summary>
public sealed record ResponseMcpApprovalRequestItem() : ResponseItem("mcp_approval_request")
{
    /// <summary>Gets the tool's name.</summary>
    public string? Name { get; init; }

    /// <summary>Gets the arguments as JSON text.</summary>
    public string? Arguments { get; init; }

    /// <summary>Gets which MCP server the tool belongs to.</summary>
    public string? ServerLabel { get; init; }
}

/// <summary>The yes or no to a <see cref="ResponseMcpApprovalRequestItem"/>, sent with <see cref="ResponseRequest.PreviousResponseId"/>.</summary>
public sealed record ResponseMcpApprovalResponseItem() : ResponseItem("mcp_approval_response")
{
    /// <summary>Gets the <see cref="ResponseItem.Id"/> of the request.</summary>
    public string? ApprovalRequestId { get; init; }

    /// <summary>Gets whether the call may be made.</summary>
    public bool? Approve { get; init; }

    /// <summary>Gets why.</summary>
    public string? Reason { get; init; }
}

/// <summary>An item of a kind that this package does not know; its members are in <see cref="WireObject.ExtensionData"/>.</summary>
public sealed record ResponseUnknownItem() : ResponseItem(type: null);
