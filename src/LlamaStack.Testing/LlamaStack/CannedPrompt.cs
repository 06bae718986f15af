using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>What the canned model is asked, whichever API it came by.</summary>
internal sealed record CannedPrompt(IReadOnlyList<CannedMessage> Messages)
{
    public IReadOnlyList<CannedTool> Tools { get; init; } = [];

    /// <summary><c>auto</c>, <c>none</c>, <c>required</c>, or an object that names a function.</summary>
    public JsonNode? ToolChoice { get; init; }

    /// <summary><c>text</c>, <c>json_object</c> or <c>json_schema</c>.</summary>
    public string? Format { get; init; }

    public JsonNode? Schema { get; init; }

    public int? MaxTokens { get; init; }

    public string Question => Messages.LastOrDefault(static message => message.Role == "user")?.Text ?? "";

    public int Turn => Messages.Count(static message => message.Role == "user");

    public int Tokens => Messages.Sum(static message => Words.Count(message.Text) + 3);
}

/// <summary>A message as plain text; a tool's result has the tool's <see cref="Name"/>.</summary>
internal sealed record CannedMessage(string Role, string Text, string? Name = null)
{
    /// <summary>Joins a call and its result in a Responses input.</summary>
    public string? CallId { get; init; }
}

/// <summary>A tool that may be called, and the JSON schema of its arguments.</summary>
internal sealed record CannedTool(string Name, JsonNode? Parameters);
