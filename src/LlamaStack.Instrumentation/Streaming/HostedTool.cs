namespace LlamaStack.Instrumentation;

/// <summary>A tool that the server runs while it streams a response: from the event that announces its item to the one that says it is done.</summary>
/// <remarks>Calls that the application is asked to make are none: whoever makes them has a span for it.</remarks>
internal sealed class HostedTool
{
    private static readonly string[] _types = ["web_search_call", "file_search_call", "mcp_call", "mcp_list_tools", "code_interpreter_call", "image_generation_call"];

    private HostedTool(string type) => Type = type;

    /// <summary>Gets the item's type.</summary>
    public string Type { get; }

    /// <summary>Gets the tool's name: of an MCP server's tool its own, else what its type says.</summary>
    public string Name { get; private set; } = "";

    public string? Id { get; private set; }

    /// <summary>Gets the name of the MCP server.</summary>
    public string? ServerLabel { get; private set; }

    public bool Failed { get; private set; }

    public DateTime Started { get; } = TimeProvider.System.GetUtcNow().UtcDateTime;

    public DateTime? Ended { get; private set; }

    /// <summary>A tool of the kind that an item tells of; null where it is none.</summary>
    public static HostedTool? Of(ReadOnlySpan<byte> item)
    {
        var type = JsonText.Unquote(JsonText.Member(item, "type"u8));
        foreach (var known in _types)
        {
            if (System.Text.Ascii.Equals(type, known))
            {
                return new HostedTool(known);
            }
        }

        return null;
    }

    /// <summary>Takes what an event tells of the item.</summary>
    public void Take(ReadOnlySpan<byte> item, bool done)
    {
        Id ??= JsonText.String(JsonText.Member(item, "id"u8));
        ServerLabel ??= JsonText.String(JsonText.Member(item, "server_label"u8));
        Name = JsonText.String(JsonText.Member(item, "name"u8)) ?? (Type.EndsWith("_call", StringComparison.Ordinal) ? Type[..^"_call".Length] : Type);
        var error = JsonText.Member(item, "error"u8);
        Failed |= JsonText.Unquote(JsonText.Member(item, "status"u8)).SequenceEqual("failed"u8) || !(error.IsEmpty || JsonText.IsNull(error));
        if (done)
        {
            Ended ??= TimeProvider.System.GetUtcNow().UtcDateTime;
        }
    }
}
