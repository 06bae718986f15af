using System.Text;
using System.Text.Json.Nodes;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Content on the span, in the convention's form; and none at all unless it is asked for.</summary>
public sealed class MessagesTests
{
    [Theory]
    [InlineData(
        """{"messages":[{"role":"system","content":"Be brief."},{"role":"user","name":"ada","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"https://example.com/cat.png"}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","tool_call_id":"a","content":"42"}]}""",
        """[{"role":"system","parts":[{"type":"text","content":"Be brief."}]},{"role":"user","parts":[{"type":"text","content":"What is this?"},{"type":"uri","modality":"image","uri":"https://example.com/cat.png"}],"name":"ada"},{"role":"assistant","parts":[{"type":"tool_call","id":"a","name":"f","arguments":{"x":1}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"a","response":"42"}]}]""")]
    [InlineData("""{"messages":[{"role":"user","content":""}]}""", """[{"role":"user","parts":[]}]""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1","filename":null}}]}]}""", """[{"role":"user","parts":[{"type":"file","modality":"document","file_id":"file-1"}]}]""")]
    [InlineData("""{"messages":"not a list"}""", null)]
    public void Input_of_a_chat(string request, string? messages) => AssertJson(messages, GenAIMessages.Input(GenAIApi.ChatCompletions, Encoding.UTF8.GetBytes(request)));

    [Theory]
    [InlineData("""{"input":"Hi"}""", """[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]""")]
    [InlineData(
        """{"input":[{"role":"user","content":[{"type":"input_text","text":"Hi"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"not json"},{"type":"function_call_output","call_id":"c","output":"42"},{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]}]}""",
        """[{"role":"user","parts":[{"type":"text","content":"Hi"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"f","arguments":"not json"}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c","response":"42"}]},{"role":"assistant","parts":[{"type":"reasoning","content":"hm"}]}]""")]
    [InlineData(
        """{"input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"},{"type":"input_file","file_url":"https://example.com/a.pdf"},{"type":"input_file","filename":"a.txt","file_data":"SGk="}]}]}""",
        """[{"role":"user","parts":[{"type":"file","modality":"document","file_id":"file-1"},{"type":"uri","modality":"document","uri":"https://example.com/a.pdf"},{"type":"blob","modality":"document","mime_type":"application/octet-stream","content":"[application/octet-stream, 2 bytes, sha256 of its base64 a66b0d246664cdaf...]"}]}]""")]
    [InlineData(
        """{"input":[{"type":"mcp_approval_request","id":"a","name":"pay","arguments":"{}","server_label":"shop"},{"type":"mcp_approval_response","approval_request_id":"a","approve":false,"reason":null}]}""",
        """[{"role":"assistant","parts":[{"type":"mcp_approval_request","id":"a","name":"pay","arguments":"{}","server_label":"shop"}]},{"role":"user","parts":[{"type":"mcp_approval_response","approval_request_id":"a","approve":false}]}]""")]
    public void Input_of_a_response(string request, string messages) => AssertJson(messages, GenAIMessages.Input(GenAIApi.Responses, Encoding.UTF8.GetBytes(request)));

    [Fact]
    public void Output_of_a_chat_is_one_message_a_choice() => AssertJson(
        """[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"A"}],"finish_reason":"stop"},{"role":"assistant","parts":[{"type":"tool_call","id":"a","name":"f","arguments":{}}],"finish_reason":"tool_call"}]""",
        GenAIMessages.Output(GenAIApi.ChatCompletions, """{"choices":[{"finish_reason":"stop","message":{"reasoning_content":"hm","content":"A"}},{"finish_reason":"tool_calls","message":{"content":null,"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}"""u8));

    [Fact]
    public void Output_of_a_response_is_one_message_with_the_tools_that_the_server_ran() => AssertJson(
        """[{"role":"assistant","parts":[{"type":"server_tool_call","id":"fc_1","name":"file_search","server_tool_call":{"type":"file_search","queries":["q"],"status":"completed"}},{"type":"text","content":"A"}],"finish_reason":"stop"}]""",
        GenAIMessages.Output(GenAIApi.Responses, """{"status":"completed","output":[{"id":"fc_1","type":"file_search_call","queries":["q"],"status":"completed","results":null},{"type":"message","content":[{"type":"output_text","text":"A"}]}]}"""u8));

    [Fact]
    public void The_bytes_of_a_picture_are_told_by_size_and_hash()
    {
        var picture = Convert.ToBase64String(new byte[300]);
        var messages = GenAIMessages.Input(GenAIApi.ChatCompletions, Encoding.UTF8.GetBytes($$$"""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{picture}}}"}}]}]}"""))!;

        Assert.DoesNotContain(picture, messages, StringComparison.Ordinal);
        var part = JsonNode.Parse(messages)![0]!["parts"]![0]!;
        Assert.Equal(("blob", "image", "image/png"), ((string)part["type"]!, (string)part["modality"]!, (string)part["mime_type"]!));
        Assert.StartsWith("[image/png, 300 bytes, sha256", (string)part["content"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void The_bytes_of_a_generated_picture_are_told_by_size_and_hash()
    {
        var picture = Convert.ToBase64String(new byte[300]);
        var messages = GenAIMessages.Output(GenAIApi.Responses, Encoding.UTF8.GetBytes($$$"""{"status":"completed","output":[{"id":"ig_1","type":"image_generation_call","result":"{{{picture}}}"}]}"""))!;

        Assert.StartsWith("[base64, 300 bytes, sha256", (string)JsonNode.Parse(messages)![0]!["parts"]![0]!["server_tool_call"]!["result"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_content_on_the_messages_are_attributes()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("""{"choices":[{"finish_reason":"stop","message":{"content":"Hi"}}]}""")), new() { ContentCapture = ContentCapture.Full });

        await Calls.ReadAll(client, Calls.ChatPath, """{"messages":[{"role":"user","content":"Hello?"}],"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{}}}]}""");

        AssertJson("""[{"role":"user","parts":[{"type":"text","content":"Hello?"}]}]""", (string?)spans.Only().GetTagItem("gen_ai.input.messages"));
        AssertJson("""[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"stop"}]""", (string?)spans.Only().GetTagItem("gen_ai.output.messages"));
        AssertJson("""[{"type":"function","name":"f","description":"d","parameters":{}}]""", (string?)spans.Only().GetTagItem("gen_ai.tool.definitions"));
    }

    private static void AssertJson(string? expected, string? actual)
    {
        if (expected is null)
        {
            Assert.Null(actual);
            return;
        }

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual!)), $"expected {expected}\nactual   {actual}");
    }
}
