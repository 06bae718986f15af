using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>
/// Reads JSON the way MLflow's REST layer does: member by member in the order sent, until one is mistyped. What stands before it counts, the rest is
/// lost, and nobody is told. Times and durations come out in milliseconds, unknown members are passed over.
/// </summary>
internal static class ProtoJson
{
    /// <returns>Whether all of it was well typed.</returns>
    public static bool Read(JsonObject source, ProtoMessage message, JsonObject target)
    {
        var groups = new HashSet<string>();
        foreach (var (name, value) in source)
        {
            if (message.Find(name) is not { } field)
            {
                continue;
            }

            if (field.OneOf is { } group && value is not null && !groups.Add(group))
            {
                return false;
            }

            if (!ReadField(field, value, target))
            {
                return false;
            }
        }

        return true;
    }

    private static bool ReadField(ProtoField field, JsonNode? value, JsonObject target)
    {
        if (value is null)
        {
            if (field.Type == ProtoType.Any)
            {
                target[field.Name] = null;
            }

            return true;
        }

        if (field.Type == ProtoType.Map)
        {
            return value is JsonObject entries && ReadMap(entries, Child(target, field.Name));
        }

        if (!field.Repeated)
        {
            return field.Type == ProtoType.Message
                ? value is JsonObject inner && Read(inner, field.Message!, Child(target, field.Name))
                : ReadSingle(field, value, target);
        }

        var items = new JsonArray();
        target[field.Name] = items;
        return value is JsonArray given && given.All(item => item is not null && ReadItem(field, item, items));
    }

    /// <summary>A mask that ends early keeps the names before.</summary>
    private static bool ReadSingle(ProtoField field, JsonNode value, JsonObject target)
    {
        var read = ReadScalar(field, value, out var scalar);
        if (scalar is not null)
        {
            target[field.Name] = scalar;
        }

        return read;
    }

    private static bool ReadItem(ProtoField field, JsonNode item, JsonArray items)
    {
        if (field.Type != ProtoType.Message)
        {
            var read = ReadScalar(field, item, out var scalar);
            items.Add(scalar);
            return read;
        }

        var element = new JsonObject();
        items.Add((JsonNode)element);
        return item is JsonObject inner && Read(inner, field.Message!, element);
    }

    private static bool ReadMap(JsonObject entries, JsonObject target)
    {
        foreach (var (key, value) in entries)
        {
            if (value?.GetValueKind() != JsonValueKind.String)
            {
                return false;
            }

            target[key] = value.GetValue<string>();
        }

        return true;
    }

    private static bool ReadScalar(ProtoField field, JsonNode value, out JsonNode? scalar)
    {
        var text = value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
        scalar = null;
        switch (field.Type)
        {
            case ProtoType.Text:
                scalar = text;
                return text is not null;
            case ProtoType.Word:
                scalar = field.Words.Contains(text) ? text : null;
                return text is not null;
            case ProtoType.Flag when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False:
                scalar = value.GetValueKind() == JsonValueKind.True;
                return true;
            case ProtoType.Any:
                scalar = WithDoubles(value);
                return true;
            case ProtoType.Timestamp when text is not null && MlflowTime.TryParseTimestamp(text, out var time):
                scalar = time;
                return true;
            case ProtoType.Duration when text is not null && MlflowTime.TryParseDuration(text, out var duration):
                scalar = duration;
                return true;
            case ProtoType.Mask when text is not null:
                return ReadMask(text, out scalar);
            case ProtoType.Integer when text is not null:
                scalar = long.TryParse(text, CultureInfo.InvariantCulture, out var parsed) ? parsed : null;
                return scalar is not null;
            case ProtoType.Integer:
                scalar = MlflowJson.ToInteger(value);
                return scalar is not null;
            default:
                return false;
        }
    }

    /// <summary>The names in snake case; one that has an underscore already ends the reading.</summary>
    private static bool ReadMask(string text, out JsonNode? names)
    {
        var read = new JsonArray();
        names = read;
        foreach (var name in text.Split(','))
        {
            if (name.Contains('_', StringComparison.Ordinal))
            {
                return false;
            }

            read.Add((JsonNode)string.Concat(name.Select(static c => char.IsAsciiLetterUpper(c) ? $"_{char.ToLowerInvariant(c)}" : c.ToString())));
        }

        return true;
    }

    private static JsonNode? WithDoubles(JsonNode? value) => value switch
    {
        JsonObject members => new JsonObject(members.Select(static member => KeyValuePair.Create(member.Key, WithDoubles(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(WithDoubles)]),
        JsonValue number when number.GetValueKind() == JsonValueKind.Number => MlflowJson.ToDouble(number),
        _ => value?.DeepClone(),
    };

    private static JsonObject Child(JsonObject target, string name)
    {
        var child = new JsonObject();
        target[name] = child;
        return child;
    }
}
