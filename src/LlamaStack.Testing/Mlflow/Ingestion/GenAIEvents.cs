using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Messages that an older GenAI convention put into span events.</summary>
internal static class GenAIEvents
{
    public static string? Inputs(IReadOnlyList<OtlpTestEvent> events) => Messages(events, static name => name switch
    {
        "gen_ai.system.message" => "system",
        "gen_ai.user.message" => "user",
        "gen_ai.assistant.message" => "assistant",
        _ => null,
    });

    public static string? Outputs(IReadOnlyList<OtlpTestEvent> events) => Messages(events, static name => name == "gen_ai.choice" ? "assistant" : null);

    private static string? Messages(IReadOnlyList<OtlpTestEvent> events, Func<string, string?> role)
    {
        var messages = new JsonArray();
        foreach (var item in events)
        {
            if (role(item.Name) is { } said && item.Attributes.GetValueOrDefault("content") is { } content && !MlflowJson.IsEmpty(content))
            {
                messages.Add((JsonNode)new JsonObject { ["role"] = Decoded(item.Attributes.GetValueOrDefault("role")) ?? said, ["content"] = Decoded(content) });
            }
        }

        return messages.Count == 0 ? null : PythonJson.Spaced(messages);
    }

    private static JsonNode? Decoded(JsonNode? value) =>
        value is JsonValue text && text.TryGetValue<string>(out var json) && MlflowJson.TryParse(json, out var parsed) ? parsed : value?.DeepClone();
}
