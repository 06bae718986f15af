using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A message's content as plain text.</summary>
internal static class MessageText
{
    public static string Of(JsonNode? content) => content switch
    {
        JsonArray parts => string.Join(' ', parts.Select(static part => part?["text"]?.ToString() ?? $"[{part?["type"]}]")),
        null => "",
        _ => content.ToString(),
    };
}
