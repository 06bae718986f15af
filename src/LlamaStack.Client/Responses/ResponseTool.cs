using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>A tool offered to the model.</summary>
[JsonConverter(typeof(ResponseToolConverter))]
public abstract record ResponseTool : WireObject
{
    private protected ResponseTool(string? type) => Type = type;

    /// <summary>Gets the kind of tool.</summary>
    public string? Type { get; init; }
}

/// <summary>A function that the caller runs.</summary>
public sealed record ResponseFunctionTool() : ResponseTool("function")
{
    /// <summary>Gets the name by which the model calls it.</summary>
    public string? Name { get; init; }

    /// <summary>Gets what it does, told to the model.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the JSON schema of its arguments. Always sent, also as <c>null</c>: without the member the server refuses the tool.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets whether the provider must follow the schema to the letter.</summary>
    public bool? Strict { get; init; }

    /// <summary>Makes the value of <see cref="ResponseRequest.ToolChoice"/> that makes the model call this function.</summary>
    /// <returns>The choice.</returns>
    public JsonNode ToToolChoice() => new JsonObject { ["type"] = "function", ["name"] = Name };
}

/// <summary>A search in vector stores, run by the server.</summary>
public sealed record ResponseFileSearchTool() : ResponseTool("file_search")
{
    /// <summary>Gets the stores to search.</summary>
    public IReadOnlyList<string>? VectorStoreIds { get; init; }

    /// <summary>Gets a condition on the attributes of files.</summary>
    public JsonNode? Filters { get; init; }

    /// <summary>Gets the most hits, 1 to 50; the server's default is 10.</summary>
    public int? MaxNumResults { get; init; }

    /// <summary>Gets how hits are ranked.</summary>
    public JsonNode? RankingOptions { get; init; }
}

/// <summary>A search in the web, run by the server if it has a search provider.</summary>
/// <remarks>Also the older and dated names of the type, such as <c>web_search_preview</c>.</remarks>
public sealed record ResponseWebSearchTool() : ResponseTool("web_search")
{
    /// <summary>Gets how much of what is found the model sees: <c>low</c>, <c>medium</c> or <c>high</c>.</summary>
    public string? SearchContextSize { get; init; }
}

/// <summary>The tools of an MCP server, called by the LlamaStack server.</summary>
public sealed record ResponseMcpTool() : ResponseTool("mcp")
{
    /// <summary>Gets the name of the MCP server in items and events; required.</summary>
    public string? ServerLabel { get; init; }

    /// <summary>Gets the MCP server's address, as the LlamaStack server reaches it; this or <see cref="ConnectorId"/> is required.</summary>
    public string? ServerUrl { get; init; }

    /// <summary>Gets the connector configured on the LlamaStack server.</summary>
    public string? ConnectorId { get; init; }

    /// <summary>Gets what the MCP server is for.</summary>
    public string? ServerDescription { get; init; }

    /// <summary>Gets the token for the MCP server, without <c>Bearer</c>; the server never echoes it.</summary>
    public string? Authorization { get; init; }

    /// <summary>Gets headers for the MCP server; an <c>Authorization</c> among them is refused.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Gets <c>never</c> (the server's default), <c>always</c>, or an object with the tool names of each.</summary>
    public JsonNode? RequireApproval { get; init; }

    /// <summary>Gets a list of tool names, or an object with <c>tool_names</c>; all tools when <see langword="null"/>.</summary>
    public JsonNode? AllowedTools { get; init; }

    /// <summary>Describes the tool without the token and the headers.</summary>
    /// <returns>The MCP server's label and address.</returns>
    public override string ToString() => $"{nameof(ResponseMcpTool)} {{ ServerLabel = {ServerLabel}, ServerUrl = {ServerUrl}, ConnectorId = {ConnectorId} }}";
}

/// <summary>A tool of a type that this package does not know; its members are in <see cref="WireObject.ExtensionData"/>.</summary>
public sealed record ResponseUnknownTool() : ResponseTool(type: null);
