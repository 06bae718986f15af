using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing.Tests;

/// <summary>JSON without its values: member names in their order, kinds, nulls; and, for comparison of values, one writing for what is the same.</summary>
internal static class JsonShape
{
    public static string Of(JsonNode? node) => node switch
    {
        JsonObject members => "{" + string.Join(",", members.Select(static member => $"{member.Key}:{Of(member.Value)}")) + "}",
        JsonArray items => "[" + string.Join(",", items.Select(Of).Distinct()) + "]",
        null => "null",
        _ => node.GetValueKind() switch
        {
            JsonValueKind.True or JsonValueKind.False => "boolean",
            var kind => kind.ToString().ToLowerInvariant(),
        },
    };

    /// <summary>The shapes of a stream's frames, with runs of the same made one.</summary>
    public static List<string> OfStream(IEnumerable<JsonNode> frames)
    {
        var shapes = new List<string>();
        foreach (var frame in frames)
        {
            var shape = $"{frame["type"]} {Of(frame)}";
            if (shapes.Count == 0 || shapes[^1] != shape)
            {
                shapes.Add(shape);
            }
        }

        return shapes;
    }

    /// <summary>Members sorted by name; numbers as they were written.</summary>
    public static string Canonical(JsonNode? node) => node switch
    {
        JsonObject members => "{" + string.Join(",", members.OrderBy(static member => member.Key, StringComparer.Ordinal).Select(static member => $"\"{member.Key}\":{Canonical(member.Value)}")) + "}",
        JsonArray items => "[" + string.Join(",", items.Select(Canonical)) + "]",
        null => "null",
        _ => node.ToJsonString(),
    };
}
