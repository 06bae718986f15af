using System.Text.Json.Nodes;

namespace LlamaStack.SemanticKernel.Tests;

internal static class JsonAssert
{
    public static void Equal(string name, JsonNode expected, JsonNode actual)
    {
        if (!JsonNode.DeepEquals(expected, actual))
        {
            Assert.Fail($"{name}\nexpected {expected.ToJsonString()}\nactual   {actual.ToJsonString()}");
        }
    }
}
