using System.Text.Json;
using CsCheck;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow.Tests.Translation;

public sealed class ChatTextTests
{
    [Theory]
    [InlineData(GenAIApi.ChatCompletions, """{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"First?"},{"role":"assistant","content":"Yes."},{"role":"user","content":"Last?"}]}""", "Last?")]
    [InlineData(GenAIApi.ChatCompletions, """{"messages":[{"role":"user","content":[{"type":"text","text":"What"},{"type":"image_url","image_url":{"url":"http://x"}},{"type":"text","text":"is this?"}]}]}""", "What\nis this?")]
    [InlineData(GenAIApi.ChatCompletions, """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x"}}]}]}""", null)]
    [InlineData(GenAIApi.ChatCompletions, """{"messages":[{"role":"user","content":"?"},{"role":"tool","tool_call_id":"c","content":"17"}]}""", "?")]
    [InlineData(GenAIApi.ChatCompletions, """{"messages":[{"role":"system","content":"only"}]}""", null)]
    [InlineData(GenAIApi.ChatCompletions, """{"messages":[]}""", null)]
    [InlineData(GenAIApi.ChatCompletions, """{"messages":[{"role":"user","content":""}]}""", null)]
    [InlineData(GenAIApi.ChatCompletions, """{"messages":[{"content":"a \"quote\", a \\ and \u00e9\ud83d\ude00","role":"user"}]}""", "a \"quote\", a \\ and é😀")]
    [InlineData(GenAIApi.Responses, """{"input":"A question?"}""", "A question?")]
    [InlineData(GenAIApi.Responses, """{"input":[{"role":"user","content":"First?"},{"type":"message","role":"user","content":[{"type":"input_text","text":"Last?"},{"type":"input_image","image_url":"x"}]}]}""", "Last?")]
    [InlineData(GenAIApi.Responses, """{"input":[{"type":"function_call_output","call_id":"c","output":"17"}]}""", null)]
    [InlineData(GenAIApi.Responses, """{"instructions":"only"}""", null)]
    [InlineData(GenAIApi.Completions, """{"prompt":"Once upon"}""", "Once upon")]
    [InlineData(GenAIApi.Completions, """{"prompt":["One","Two"]}""", "One\nTwo")]
    [InlineData(GenAIApi.Completions, """{"prompt":[1,2,3]}""", null)]
    [InlineData(GenAIApi.Embeddings, """{"input":"one text"}""", "one text")]
    [InlineData(GenAIApi.Embeddings, """{"input":["one","two"]}""", "one\ntwo")]
    [InlineData(GenAIApi.Embeddings, """{"input":[[1,2],[3]]}""", null)]
    [InlineData(GenAIApi.ChatCompletions, "not JSON", null)]
    internal void A_question_is_what_the_user_asked_last(GenAIApi api, string request, string? question)
    {
        var output = new PooledBytes();

        var any = ChatText.TryWriteQuestion(api, System.Text.Encoding.UTF8.GetBytes(request), output);

        Assert.Equal(question, any ? Inside(output) : null);
    }

    [Theory]
    [InlineData(GenAIApi.ChatCompletions, """{"choices":[{"message":{"content":"Yes."}},{"message":{"content":"No."}}]}""", "Yes.", true)]
    [InlineData(GenAIApi.ChatCompletions, """{"choices":[{"message":{"content":[{"type":"text","text":"In"},{"type":"text","text":"parts"}]}}]}""", "In\nparts", true)]
    [InlineData(GenAIApi.ChatCompletions, """{"choices":[{"message":{"content":null,"refusal":"I will not."}}]}""", "I will not.", false)]
    [InlineData(GenAIApi.ChatCompletions, """{"choices":[{"message":{"content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"2","function":{"name":"g","arguments":"{}"}}]}}]}""", "f({\"a\":1}), g({})", false)]
    [InlineData(GenAIApi.ChatCompletions, """{"choices":[{"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}]}""", "f({})", false)]
    [InlineData(GenAIApi.ChatCompletions, """{"choices":[{"message":{"content":"Let me see.","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}]}""", "Let me see.", true)]
    [InlineData(GenAIApi.ChatCompletions, """{"choices":[]}""", null, false)]
    [InlineData(GenAIApi.ChatCompletions, """{"choices":[{"message":{"content":null}}]}""", null, false)]
    [InlineData(GenAIApi.Completions, """{"choices":[{"text":" a time"}]}""", " a time", false)]
    [InlineData(GenAIApi.Responses, """{"output":[{"type":"reasoning","summary":[]},{"type":"message","content":[{"type":"output_text","text":"Yes."}]}]}""", "Yes.", true)]
    [InlineData(GenAIApi.Responses, """{"output":[{"type":"message","content":[{"type":"output_text","text":"First."}]},{"type":"file_search_call","id":"f"},{"type":"message","content":[{"type":"output_text","text":"Last."}]}]}""", "Last.", true)]
    [InlineData(GenAIApi.Responses, """{"output":[{"type":"message","content":[{"type":"refusal","refusal":"I will not."}]}]}""", "I will not.", false)]
    [InlineData(GenAIApi.Responses, """{"output":[{"type":"function_call","name":"f","arguments":"{\"a\":1}","call_id":"c"},{"type":"mcp_approval_request","name":"g","arguments":"{}"}]}""", "f({\"a\":1}), g({})", false)]
    [InlineData(GenAIApi.Responses, """{"output":[]}""", null, false)]
    [InlineData(GenAIApi.Embeddings, """{"data":[{"embedding":[1,2,3]}]}""", "1 vector of 3 numbers", false)]
    [InlineData(GenAIApi.Embeddings, """{"data":[{"embedding":[1,2,3]},{"embedding":[4,5,6]}]}""", "2 vectors of 3 numbers", false)]
    [InlineData(GenAIApi.Embeddings, """{"data":[{"embedding":"AACAPwAAAEA="}]}""", "1 vector of 2 numbers", false)]
    [InlineData(GenAIApi.Embeddings, """{"data":[]}""", null, false)]
    internal void An_answer_is_text_a_refusal_or_the_tools_asked_for(GenAIApi api, string response, string? answer, bool isPlainText)
    {
        var output = new PooledBytes();

        var any = ChatText.TryWriteAnswer(api, System.Text.Encoding.UTF8.GetBytes(response), output, out var plain);

        Assert.Equal(answer, any ? Inside(output) : null);
        Assert.Equal(isPlainText, plain);
    }

    [Fact]
    public void Whatever_JSON_comes_what_is_written_is_the_inside_of_a_string() => RandomJson.Value.Sample(
        json =>
        {
            foreach (var api in Enum.GetValues<GenAIApi>())
            {
                foreach (var wrapped in (string[])[json, $$"""{"messages":{{json}},"input":{{json}},"prompt":{{json}},"choices":{{json}},"output":{{json}},"data":{{json}}}"""])
                {
                    var bytes = System.Text.Encoding.UTF8.GetBytes(wrapped);
                    var output = new PooledBytes();
                    ChatText.TryWriteQuestion(api, bytes, output);
                    Inside(output);
                    output.Clear();
                    ChatText.TryWriteAnswer(api, bytes, output, out _);
                    Inside(output);
                }
            }
        },
        iter: 1000);

    private static string Inside(PooledBytes output) => JsonSerializer.Deserialize<string>($"\"{TestSpans.Text(output)}\"")!;
}
