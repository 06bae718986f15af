using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>Attributes as OTLP writes them, a list of keys and typed values, read as plain JSON by key.</summary>
internal sealed class OtlpAttributesConverter : JsonConverter<IReadOnlyDictionary<string, JsonNode?>>
{
    public override IReadOnlyDictionary<string, JsonNode?> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Dictionary<string, JsonNode?> attributes = [];
        foreach (var pair in JsonNode.Parse(ref reader) as JsonArray ?? [])
        {
            if ((string?)pair?["key"] is { } key)
            {
                attributes[key] = Plain(pair["value"]);
            }
        }

        return attributes;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, JsonNode?> value, JsonSerializerOptions options) => Pairs(value).WriteTo(writer);

    /// <summary>A value without a member is null; a NaN comes as the text that says so.</summary>
    private static JsonNode? Plain(JsonNode? value)
    {
        if (value is not JsonObject { Count: > 0 } any)
        {
            return null;
        }

        var (kind, inner) = any.First();
        return kind switch
        {
            "kvlist_value" => new JsonObject((inner?["values"] as JsonArray ?? []).Select(pair => KeyValuePair.Create((string)pair!["key"]!, Plain(pair["value"])))),
            "array_value" => new JsonArray([.. (inner?["values"] as JsonArray ?? []).Select(Plain)]),
            "int_value" when inner is JsonValue text && text.TryGetValue<string>(out var digits) => JsonNode.Parse(digits),
            _ => inner?.DeepClone(),
        };
    }

    private static JsonArray Pairs(IEnumerable<KeyValuePair<string, JsonNode?>> members) =>
        [.. members.Select(member => (JsonNode)(member.Value is null ? new JsonObject { ["key"] = member.Key } : new JsonObject { ["key"] = member.Key, ["value"] = Typed(member.Value) }))];

    private static JsonObject Typed(JsonNode? value) => value switch
    {
        null => [],
        JsonObject { Count: 0 } => new JsonObject { ["kvlist_value"] = new JsonObject() },
        JsonObject members => new JsonObject { ["kvlist_value"] = new JsonObject { ["values"] = Pairs(members) } },
        JsonArray { Count: 0 } => new JsonObject { ["array_value"] = new JsonObject() },
        JsonArray items => new JsonObject { ["array_value"] = new JsonObject { ["values"] = new JsonArray([.. items.Select(item => (JsonNode)Typed(item))]) } },
        _ => new JsonObject { [KindOf(value)] = value.DeepClone() },
    };

    private static string KindOf(JsonNode scalar) => scalar.GetValueKind() switch
    {
        JsonValueKind.True or JsonValueKind.False => "bool_value",
        JsonValueKind.Number => scalar.ToJsonString().AsSpan().ContainsAny('.', 'e', 'E') ? "double_value" : "int_value",
        _ => "string_value",
    };
}
