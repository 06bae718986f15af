using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class CannedModelTests
{
    private static readonly JsonNode _weatherTool = JsonNode.Parse("""
        {"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"unit":{"type":"string","enum":["fahrenheit","celsius"]},"days":{"type":"integer","minimum":1}}}}}
        """)!;

    [Fact]
    public async Task An_answer_quotes_the_question_in_several_words()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);

        var answer = await server.PostAsync("/v1/chat/completions", Chat("Who are you?")).JsonAsync();

        var text = answer["choices"]![0]!["message"]!["content"]!.ToString();
        Assert.Contains("\"Who are you?\"", text, StringComparison.Ordinal);
        Assert.True(text.Split(' ').Length > 10);
    }

    [Fact]
    public async Task The_same_question_gets_the_same_answer()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);

        var first = await server.PostAsync("/v1/chat/completions", Chat("Who are you?")).JsonAsync();
        var second = await server.PostAsync("/v1/chat/completions", Chat("Who are you?")).JsonAsync();

        Assert.Equal(first["id"]!.ToString(), second["id"]!.ToString());
        Assert.Equal(first["choices"]!.ToJsonString(), second["choices"]!.ToJsonString());
    }

    [Theory]
    [InlineData("What is the weather in Oslo?", "Oslo")]
    [InlineData("What is the weather in New York today?", "New York")]
    [InlineData("weather please", "Paris")]
    [InlineData("call get_weather for Rome", "Rome")]
    public async Task A_tool_is_called_with_arguments_that_fit_its_schema_and_the_question(string question, string city)
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var request = Chat(question);
        request["tools"] = new JsonArray(_weatherTool.DeepClone());

        var answer = await server.PostAsync("/v1/chat/completions", request).JsonAsync();

        var call = answer["choices"]![0]!["message"]!["tool_calls"]![0]!;
        Assert.Equal("get_weather", call["function"]!["name"]!.ToString());
        Assert.Equal($$"""{"city": "{{city}}", "unit": "fahrenheit", "days": 1}""", call["function"]!["arguments"]!.ToString());
        Assert.Equal("tool_calls", answer["choices"]![0]!["finish_reason"]!.ToString());
    }

    [Fact]
    public async Task An_offered_tool_that_nobody_mentions_is_left_alone()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var request = Chat("Hello");
        request["tools"] = new JsonArray(_weatherTool.DeepClone());

        var answer = await server.PostAsync("/v1/chat/completions", request).JsonAsync();

        Assert.Equal("stop", answer["choices"]![0]!["finish_reason"]!.ToString());
    }

    [Fact]
    public async Task Two_calls_go_out_at_once_when_both_are_asked_for()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var request = Chat("What is the weather in both, in Rome and Bergen?");
        request["tools"] = new JsonArray(_weatherTool.DeepClone());

        var answer = await server.PostAsync("/v1/chat/completions", request).JsonAsync();

        var arguments = answer["choices"]![0]!["message"]!["tool_calls"]!.AsArray().Select(static call => JsonNode.Parse(call!["function"]!["arguments"]!.ToString())!["city"]!.ToString());
        Assert.Equal(["Rome", "Bergen"], arguments);
    }

    [Fact]
    public async Task A_tool_s_result_stands_in_the_answer()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var request = JsonNode.Parse("""
            {"model":"demo/llama","messages":[{"role":"user","content":"What is the weather?"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"call_1","content":"rain, 7 °C"}]}
            """)!;
        request["tools"] = new JsonArray(_weatherTool.DeepClone());

        var answer = await server.PostAsync("/v1/chat/completions", request).JsonAsync();

        Assert.Contains("get_weather, and it says: rain, 7 °C", answer["choices"]![0]!["message"]!["content"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_JSON_schema_is_kept_to()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var request = Chat("A person please");
        request["response_format"] = JsonNode.Parse("""
            {"type":"json_schema","json_schema":{"name":"person","schema":{"type":"object","properties":
             {"name":{"type":"string"},"age":{"type":"integer"},"tags":{"type":"array","items":{"type":"string"}},"alive":{"type":["boolean","null"]}}}}}
            """);

        var answer = await server.PostAsync("/v1/chat/completions", request).JsonAsync();

        var person = JsonNode.Parse(answer["choices"]![0]!["message"]!["content"]!.ToString())!;
        Assert.Equal("{name:string,age:number,tags:[string],alive:boolean}", JsonShape.Of(person));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Usage_adds_up_and_is_that_of_the_words(bool stream)
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var request = Chat("One two three");
        request["n"] = 2;
        request["stream"] = stream;
        request["stream_options"] = new JsonObject { ["include_usage"] = true };

        var sending = server.PostAsync("/v1/chat/completions", request);
        var frames = stream ? await sending.FramesAsync() : [await sending.JsonAsync()];

        var usage = frames[^1]["usage"]!;
        var words = frames.SelectMany(static frame => frame["choices"]!.AsArray())
            .Sum(static choice => ((choice!["message"] ?? choice["delta"])!["content"]?.ToString() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(words, usage["completion_tokens"]!.GetValue<int>());
        Assert.Equal(6, usage["prompt_tokens"]!.GetValue<int>());
        Assert.Equal(words + 6, usage["total_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_stream_s_pieces_make_the_answer_of_the_plain_call()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var plain = await server.PostAsync("/v1/chat/completions", Chat("Hi")).JsonAsync();
        var request = Chat("Hi");
        request["stream"] = true;

        var frames = await server.PostAsync("/v1/chat/completions", request).FramesAsync();

        Assert.Equal(plain["choices"]![0]!["message"]!["content"]!.ToString(), string.Concat(frames.Select(static frame => frame["choices"]![0]!["delta"]!["content"]?.ToString())));
    }

    private static JsonObject Chat(string question) => new()
    {
        ["model"] = "demo/llama",
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question }),
    };
}
