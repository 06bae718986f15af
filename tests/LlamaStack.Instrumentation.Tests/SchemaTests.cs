using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Whatever a real server was asked and answered, what stands on its spans is what the conventions' own schemas allow, the released ones and the coming ones.</summary>
public sealed class SchemaTests
{
    private const string Released = "v1.41.0";
    private const string Latest = "main-2026-10-derived";

    /// <summary>Types of parts that the conventions have no form for: as generic parts they pass. Any other must be as its own type says.</summary>
    private static readonly string[] _genericParts =
        ["refusal", "mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "compaction", "item_reference", "unknown"];

    private static readonly Dictionary<string, JsonSchema[]> _schemas = new()
    {
        ["gen_ai.input.messages"] = [Schema(Released, "gen-ai-input-messages"), Schema(Latest, "gen-ai-input-messages")],
        ["gen_ai.output.messages"] = [Schema(Released, "gen-ai-output-messages"), Schema(Latest, "gen-ai-output-messages")],
        ["gen_ai.system_instructions"] = [Schema(Released, "gen-ai-system-instructions"), Schema(Latest, "gen-ai-system-instructions")],
        ["gen_ai.tool.definitions"] = [Schema(Released, "gen-ai-tool-definitions")],
        ["gen_ai.retrieval.documents"] = [Schema(Released, "gen-ai-retrieval-documents")],
    };

    public static TheoryData<string, string> Exchanges() =>
        [.. ((string[])["chat", "completions", "embeddings", "responses", "rerank", "vector-stores", "llama-stack-0.7.3"]).SelectMany(Fixtures.Live)
            .Where(exchange => exchange.Request is not null).Select(exchange => (exchange.Folder, exchange.Name))];

    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task All_that_is_written_of_an_exchange_is_valid(string folder, string name)
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live(folder, name));

        foreach (var span in spans.Spans)
        {
            AssertValid(span);
        }
    }

    /// <summary>Requests that no recorded exchange has: pictures, sounds, results, instructions, tools of every kind.</summary>
    [Theory]
    [InlineData(Calls.ChatPath, """{"messages":[{"role":"user","content":[{"type":"text","text":"?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"image_url","image_url":{"url":"http://x/y.png"}},{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},{"type":"file","file":{"file_id":"f"}}]}]}""")]
    [InlineData(Calls.ChatPath, """{"messages":[{"role":"developer","content":"d","name":"n"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"not json"}}]},{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"r"}]}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}]}""")]
    [InlineData(Calls.ResponsesPath, """{"instructions":"i","input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"r"},{"type":"reasoning","summary":[{"type":"summary_text","text":"s"}]},{"type":"web_search_call","id":"w","status":"completed"},{"type":"item_reference","id":"x"},{"role":"user","content":[{"type":"input_image","image_url":"http://x"},{"type":"input_file","file_id":"f"}]}],"tools":[{"type":"web_search"},{"type":"mcp","server_label":"s"},{"type":"file_search","vector_store_ids":["v"]},{"type":"function","name":"f","description":null,"parameters":null}]}""")]
    public async Task All_that_is_written_of_a_request_is_valid(string path, string request)
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("{}")));

        await Calls.ReadAll(client, path, request);

        Assert.NotNull(spans.Only().GetTagItem("gen_ai.input.messages"));
        AssertValid(spans.Only());
    }

    [Theory]
    [InlineData("""[{"role":"tool","parts":[{"type":"tool_call_response","id":"c","result":"x"}]}]""")]
    [InlineData("""[{"role":"user","parts":[{"type":"text","text":"x"}]}]""")]
    [InlineData("""[{"role":"user","parts":[{"type":"something"}]}]""")]
    [InlineData("""[{"role":"user"}]""")]
    public void The_check_finds_what_is_wrong(string messages) =>
        Assert.All(_schemas["gen_ai.input.messages"], schema => Assert.False(schema.Evaluate(JsonDocument.Parse(messages).RootElement).IsValid));

    private static void AssertValid(Activity span)
    {
        foreach (var (key, value) in span.TagObjects.Where(tag => _schemas.ContainsKey(tag.Key)))
        {
            var json = JsonDocument.Parse((string)value!).RootElement;
            Assert.All(_schemas[key], schema =>
            {
                var result = schema.Evaluate(json, new EvaluationOptions { OutputFormat = OutputFormat.List });
                Assert.True(result.IsValid, $"{span.DisplayName}, {key}: {value}\n{JsonSerializer.Serialize(result)}");
            });
        }
    }

    private static JsonSchema Schema(string folder, string name)
    {
        var schema = JsonNode.Parse(Fixtures.Bytes("genai-schemas", folder, name + ".json"))!;
        if (schema["$defs"]!["GenericPart"] is { } part)
        {
            part["properties"]!["type"] = new JsonObject { ["enum"] = new JsonArray([.. _genericParts.Select(type => (JsonNode)type)]) };
        }

        if (schema["$defs"]!["GenericToolDefinition"] is { } tool)
        {
            tool["properties"]!["type"] = new JsonObject { ["type"] = "string", ["not"] = new JsonObject { ["const"] = "function" } };
        }

        return JsonSchema.FromText(schema.ToJsonString());
    }
}
