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
