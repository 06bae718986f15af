using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using LlamaStack.Instrumentation;
using LlamaStack.TestSupport;

namespace LlamaStack.Mlflow.Tests.Translation;

/// <summary>Where the page cannot draw an answer by itself, it gets a plain list of OpenAI's chat messages.</summary>
public sealed class ChatViewTests
{
    private const string Question = """{"instructions":"Be brief.","input":"What?"}""";

    [Fact]
    public void A_file_search_is_a_call_with_its_queries_and_its_results()
    {
        var messages = Write(Question, """
            {"output":[{"type":"file_search_call","id":"fs_1","queries":["q1","q2"],"results":[{"filename":"a.txt","score":0.5,"text":"found"}],"status":"completed"},
             {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Found it."}]}]}
            """)!;

        Assert.Equal("""
            system: Be brief.
            user: What?
            assistant: fs_1 file_search_call(["q1","q2"])
            tool: fs_1 [{"filename":"a.txt","score":0.5,"text":"found"}]
            assistant: Found it.
            """, Told(messages));
    }

    [Fact]
    public void A_web_search_without_results_is_a_call_alone() => Assert.Equal("""
        user: What?
        assistant: ws_1 web_search_call({})
        """, Told(Write("""{"input":"What?"}""", """{"output":[{"type":"web_search_call","id":"ws_1","status":"completed"}]}""")!));

    [Theory]
    [InlineData("""{"type":"mcp_call","id":"m","name":"lookup","arguments":"{\"a\":1}","output":"42","error":null}""", "assistant: m lookup({\"a\":1})\ntool: m 42")]
    [InlineData("""{"type":"mcp_call","id":"m","name":"lookup","arguments":"{}","output":null,"error":"no server"}""", "assistant: m lookup({})\ntool: m no server")]
    [InlineData("""{"type":"mcp_approval_request","id":"m","name":"lookup","arguments":"{}"}""", "assistant: m lookup({})")]
    [InlineData("""{"type":"mcp_list_tools","id":"m","tools":[]}""", "")]
    [InlineData("""{"type":"code_interpreter_call","id":"m","code":"1"}""", "assistant: m code_interpreter_call({})")]
    public void Calls_of_an_MCP_server_go_by_their_tools_names(string item, string told) =>
        Assert.Equal(told, Told(Write("{}", $$"""{"output":[{{item}},{"type":"mcp_list_tools"}]}""")!));

    [Fact]
    public void Items_of_the_input_are_told_too() => Assert.Equal("""
        system: Rules.
        user: One
        user: two
        assistant: c1 f({})
        tool: c1 17
        assistant: Done.
        assistant: ws web_search_call({})
        """, Told(Write(
        """
        {"input":[{"role":"developer","content":"Rules."},{"type":"message","role":"user","content":[{"type":"input_text","text":"One"},{"type":"input_image"},{"type":"input_text","text":"two"}]},
         {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"17"},{"type":"reasoning","summary":[]},
         {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Done."}]}]}
        """,
        """{"output":[{"type":"web_search_call","id":"ws"}]}""")!));

    [Theory]
    [InlineData("""{"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"}]}]}""")]
    [InlineData("""{"output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"reasoning"},{"type":"function_call_output"},{"type":"image_generation_call"}]}""")]
    [InlineData("""{"output":[]}""")]
    [InlineData("{}")]
    [InlineData("no JSON")]
    public void What_the_page_draws_by_itself_gets_no_help(string response) => Assert.Null(Write(Question, response));

    [Fact]
    public void Every_recorded_answer_with_hosted_tools_becomes_a_list_of_messages()
    {
        var written = 0;
        foreach (var exchange in Fixtures.Live("responses").Where(exchange => exchange is { IsStream: false, Status: 200, Request: not null, Method: "POST" }))
        {
            if (Write(System.Text.Encoding.UTF8.GetString(exchange.Request!), System.Text.Encoding.UTF8.GetString(exchange.Response)) is { } messages)
            {
                written++;
                AssertValid(messages);
            }
        }

        Assert.True(written > 0);
    }

    [Fact]
    public void Whatever_JSON_comes_what_is_written_is_a_list_of_messages() => Gen.Select(RandomJson.Value, RandomJson.Value, Gen.OneOf(
        "message", "function_call", "function_call_output", "file_search_call", "web_search_call", "mcp_call", "mcp_approval_request", "mcp_list_tools", "new_thing")).Sample(
        (one, two, type) =>
        {
            var item = $$"""
                {"type":"{{type}}","id":{{one}},"call_id":{{two}},"name":{{one}},"arguments":{{two}},"role":{{one}},"content":[{{two}},{"text":{{one}}},{"refusal":{{two}}}],
                 "queries":{{one}},"results":{{two}},"output":{{one}},"error":{{two}}}
                """;
            if (Write($$"""{"instructions":{{one}},"input":[{{two}},{{item}}]}""", $$"""{"output":[{{item}},{"type":"web_search_call"},{{one}}]}""") is { } messages)
            {
                AssertValid(messages);
            }
        },
        iter: 2000);

    private static JsonArray? Write(string request, string response)
    {
        var output = new PooledBytes();
        return ChatView.TryWrite(System.Text.Encoding.UTF8.GetBytes(request), System.Text.Encoding.UTF8.GetBytes(response), output)
            ? JsonNode.Parse(TestSpans.Text(output))!.AsArray()
            : null;
    }

    /// <summary>What MLflow's page asks of the list before it draws it.</summary>
    private static void AssertValid(JsonArray messages) => Assert.All(messages, message =>
    {
        var role = (string?)message!["role"];
        Assert.Contains(role, (string[])["system", "user", "assistant", "tool"]);
        if (message["tool_calls"] is JsonArray calls)
        {
            Assert.Equal("assistant", role);
            Assert.All(calls, call =>
            {
                Assert.Equal("function", (string?)call!["type"]);
                Assert.Equal(JsonValueKind.String, call["id"]!.GetValueKind());
                Assert.Equal(JsonValueKind.String, call["function"]!["name"]!.GetValueKind());
                Assert.Equal(JsonValueKind.String, call["function"]!["arguments"]!.GetValueKind());
            });
        }
        else
        {
            Assert.Equal(JsonValueKind.String, message["content"]!.GetValueKind());
        }

        Assert.Equal(role == "tool", message["tool_call_id"] is JsonValue id && id.GetValueKind() is JsonValueKind.String);
    });

    private static string Told(JsonArray messages)
    {
        AssertValid(messages);
        return string.Join('\n', messages.Select(message => message!["tool_calls"] is JsonArray calls
            ? $"{message["role"]}: {string.Join(", ", calls.Select(call => $"{call!["id"]} {call["function"]!["name"]}({call["function"]!["arguments"]})"))}"
            : message["tool_call_id"] is { } id ? $"{message["role"]}: {id} {message["content"]}" : $"{message["role"]}: {message["content"]}"));
    }
}
