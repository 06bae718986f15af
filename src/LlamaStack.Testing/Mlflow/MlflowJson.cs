using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>JSON text as MLflow stores it in attributes and metadata.</summary>
internal static class MlflowJson
{
    private static readonly JsonDocumentOptions _deep = new() { MaxDepth = 512 };

    /// <summary>Parses stored text; what is no JSON comes back as the text itself.</summary>
    public static JsonNode? Parse(string text) => TryParse(text, out var node) ? node : text;

    /// <summary>Python's parser knows numbers that JSON does not.</summary>
    public static bool TryParse(string text, out JsonNode? node)
    {
        double? number = text switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => null,
        };
        if (number is not null)
        {
            node = number.Value;
            return true;
        }

        try
        {
            node = JsonNode.Parse(text, documentOptions: _deep);
            return true;
        }
        catch (JsonException)
        {
            node = null;
            return false;
        }
    }

    /// <summary>A JSON string without its quotes; anything else as it stands.</summary>
    public static string Unquoted(string text) =>
        TryParse(text, out var node) && node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : text;

    /// <summary>What Python calls false: null, false, zero, and empty text, list or object.</summary>
    public static bool IsEmpty(JsonNode? node) => node switch
    {
        null => true,
        JsonObject members => members.Count == 0,
        JsonArray items => items.Count == 0,
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => node.GetValue<string>().Length == 0,
            JsonValueKind.False => true,
            JsonValueKind.Number => ToDouble(node) == 0,
            _ => false,
        },
    };

    public static double? ToDouble(JsonNode? node) => node is JsonValue value
        ? value.TryGetValue<double>(out var number) ? number : value.TryGetValue<long>(out var whole) ? whole : value.TryGetValue<int>(out var small) ? small : null
        : null;

    /// <summary>A number without a fraction, in text and in meaning.</summary>
    public static long? ToInteger(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        ? value.TryGetValue<long>(out var whole) ? whole : value.TryGetValue<int>(out var small) ? small : null
        : null;
}
