using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using LlamaStack.Instrumentation;
using LlamaStack.TestSupport;

namespace LlamaStack.Mlflow.Tests.Translation;

public sealed class ToolDefinitionsTests
{
    /// <summary>The tools of a request, and what MLflow's page draws.</summary>
    public static TheoryData<string, string, string, string?> Tools() => new()
    {
        { "nested", "chat", """[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]""", """[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]""" },
        { "flat", "responses", """[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true}]""", """[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}}]""" },
        { "flat in a chat", "chat", """[{"type":"function","name":"f"}]""", """[{"type":"function","function":{"name":"f"}}]""" },
        { "nulls", "responses", """[{"type":"function","name":"f","description":null,"strict":null}]""", """[{"type":"function","function":{"name":"f"}}]""" },
        { "hosted", "responses", """[{"type":"file_search","vector_store_ids":["v"]},{"type":"web_search"},{"type":"mcp","server_label":"docs"},{"type":"tool_of_tomorrow"}]""", """[{"type":"function","function":{"name":"file_search"}},{"type":"function","function":{"name":"web_search"}},{"type":"function","function":{"name":"mcp"}},{"type":"function","function":{"name":"tool_of_tomorrow"}}]""" },
        { "none", "chat", "[]", null },
        { "null", "chat", "null", null },
        { "no list", "chat", """{"type":"function"}""", null },
        { "broken", "responses", """["f",1,null,{},{"type":7}]""", """[{"type":"function","function":{"name":""}},{"type":"function","function":{"name":""}},{"type":"function","function":{"name":""}},{"type":"function","function":{"name":""}},{"type":"function","function":{"name":""}}]""" },
    };

    [Theory]
    [MemberData(nameof(Tools), DisableDiscoveryEnumeration = true)]
    public void Tools_are_written_in_the_nested_form(string what, string api, string tools, string? expected)
    {
        var output = new PooledBytes();

        var any = ToolDefinitions.TryWrite(api == "chat" ? GenAIApi.ChatCompletions : GenAIApi.Responses, System.Text.Encoding.UTF8.GetBytes($$"""{"model":"m","tools":{{tools}}}"""), output);

        Assert.Equal(expected, any ? TestSpans.Text(output) : null);
        Assert.NotEmpty(what);
    }

    [Fact]
    public void A_request_without_tools_has_none() => Assert.False(ToolDefinitions.TryWrite(GenAIApi.ChatCompletions, "{}"u8, new PooledBytes()));

    [Fact]
    public void Whatever_stands_in_the_list_what_is_written_is_a_list_of_functions() => RandomJson.Value.Sample(
        json =>
        {
            foreach (var api in (GenAIApi[])[GenAIApi.ChatCompletions, GenAIApi.Responses])
            {
                var output = new PooledBytes();
                if (ToolDefinitions.TryWrite(api, System.Text.Encoding.UTF8.GetBytes($$"""{"tools":[{{json}},{"name":{{json}},"type":{{json}},"parameters":{{json}}}]}"""), output))
                {
                    var list = JsonNode.Parse(TestSpans.Text(output))!.AsArray();
                    Assert.Equal(2, list.Count);
                    Assert.Equal(JsonValueKind.String, list[1]!["function"]!["name"]!.GetValueKind());
                }
            }
        },
        iter: 1000);

    [Fact]
    public void Every_recorded_request_with_tools_keeps_them_all()
    {
        var requests = Fixtures.Live("responses").Concat(Fixtures.Live("chat")).Where(exchange => exchange.Request is not null && IsObjectWithTools(exchange.Request)).ToList();

        Assert.NotEmpty(requests);
        Assert.All(requests, exchange =>
        {
            var output = new PooledBytes();
            var tools = JsonNode.Parse(exchange.Request!)!["tools"]!.AsArray();
            Assert.Equal(tools.Count > 0, ToolDefinitions.TryWrite(exchange.Folder == "chat" ? GenAIApi.ChatCompletions : GenAIApi.Responses, exchange.Request, output));
            if (tools.Count > 0)
            {
                Assert.Equal(tools.Count, JsonNode.Parse(TestSpans.Text(output))!.AsArray().Count);
            }
        });
    }

    private static bool IsObjectWithTools(byte[] request)
    {
        try
        {
            return JsonNode.Parse(request) is JsonObject members && members["tools"] is JsonArray;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
