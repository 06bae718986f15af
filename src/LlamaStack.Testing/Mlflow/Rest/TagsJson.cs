using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Tags as a list of keys and values, the form that all but traces have.</summary>
internal static class TagsJson
{
    public static JsonArray Of(IEnumerable<KeyValuePair<string, string>> tags) =>
        new([.. tags.Select(static tag => new JsonObject { ["key"] = tag.Key, ["value"] = tag.Value })]);
}
