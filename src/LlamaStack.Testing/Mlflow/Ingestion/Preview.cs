using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>The one line that lists show of a trace's inputs or outputs.</summary>
internal static class Preview
{
    private const int Limit = 1000;

    /// <param name="stored">Inputs or outputs as stored: JSON text.</param>
    /// <param name="role">Whose last message is wanted.</param>
    public static string Of(string stored, string role)
    {
        var messages = MlflowJson.TryParse(stored, out var value) ? Messages(value) : [];
        var message = messages.FindLast(item => item["role"]?.ToString() == role) ?? messages.LastOrDefault();
        var text = Text(message?["content"]);
        return Cut((string.IsNullOrEmpty(text) ? stored : text).Replace('\0', '\uFFFD'));
    }

    /// <summary>Chat request, chat answer, Responses request as items, Responses answer, or one of these under <c>request</c>.</summary>
    private static List<JsonObject> Messages(JsonNode? value)
    {
        if (value is not JsonObject members)
        {
            return [];
        }

        if (members["messages"] is JsonArray { Count: > 0 } messages)
        {
            return Valid(messages);
        }

        if (members["choices"] is JsonArray { Count: > 0 } choices && choices[0] is JsonObject choice && IsMessage(choice["message"]))
        {
            return [choice["message"]!.AsObject()];
        }

        if (members["input"] is JsonArray { Count: > 0 } input)
        {
            return Valid(input);
        }

        if (members["output"] is JsonArray { Count: > 0 } output)
        {
            return Valid(output);
        }

        return Messages(members["request"]);
    }

    private static List<JsonObject> Valid(JsonArray items) => [.. items.Where(IsMessage).Cast<JsonObject>()];

    private static bool IsMessage(JsonNode? item) => item is JsonObject members && members.ContainsKey("role") && members.ContainsKey("content");

    /// <summary>The text, or the first part that has one.</summary>
    private static string? Text(JsonNode? content) => content switch
    {
        JsonArray parts => parts.Select(PartText).FirstOrDefault(static text => text is not null),
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => null,
    };

    private static string? PartText(JsonNode? part) => part switch
    {
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonObject members when members["type"]?.ToString() is "text" or "output_text" => members["text"]?.ToString() ?? "",
        _ => null,
    };

    private static string Cut(string text)
    {
        // Counted in characters as Python has them, of which a surrogate pair is one.
        var runes = text.EnumerateRunes().ToList();
        return runes.Count <= Limit ? text : string.Concat(runes.Take(Limit - 3)) + "...";
    }
}
