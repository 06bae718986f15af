using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Client.Tests;

internal static class JsonAssert
{
    /// <summary>Equal as JSON. An explicit null and an absent member are the same: that is the one thing the records do not keep.</summary>
    public static void Equal(JsonElement expected, JsonElement actual)
    {
        var (left, right) = (WithoutNulls(JsonNode.Parse(expected.GetRawText())), WithoutNulls(JsonNode.Parse(actual.GetRawText())));
        if (!JsonNode.DeepEquals(left, right))
        {
            Assert.Equal(left?.ToJsonString(), right?.ToJsonString());
            Assert.Fail("The JSON differs.");
        }
    }

    public static void Equal(string expected, string actual) => Equal(JsonElement.Parse(expected), JsonElement.Parse(actual));

    private static JsonNode? WithoutNulls(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                var kept = new JsonObject();
                foreach (var (name, value) in members.OrderBy(member => member.Key, StringComparer.Ordinal).Where(member => member.Value is not null))
                {
                    kept[name] = WithoutNulls(value);
                }

                return kept;
            case JsonArray items:
                return new JsonArray([.. items.Select(WithoutNulls)]);
            default:
                return node?.DeepClone();
        }
    }
}
