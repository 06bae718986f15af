using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class ResponseTests
{
    [Fact]
    public async Task A_stored_response_can_be_fetched_and_continued()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var first = await server.PostAsync("/v1/responses", Request("Hi there")).JsonAsync();
        var id = first["id"]!.ToString();

        var fetched = await server.GetAsync($"/v1/responses/{id}").JsonAsync();
        var request = Request("And again?");
        request["previous_response_id"] = id;
        var second = await server.PostAsync("/v1/responses", request).JsonAsync();

        Assert.Equal(first.ToJsonString(), fetched.ToJsonString());
        Assert.Equal(id, second["previous_response_id"]!.ToString());
        Assert.Contains("turn 2", second["output"]![0]!["content"]![0]!["text"]!.ToString(), StringComparison.Ordinal);
        Assert.True(second["usage"]!["input_tokens"]!.GetValue<int>() > first["usage"]!["total_tokens"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task A_response_that_is_not_stored_or_deleted_is_not_found(string method)
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var request = Request("Hi");
        request["store"] = method == "DELETE";
        var id = (await server.PostAsync("/v1/responses", request).JsonAsync())["id"]!.ToString();
        if (method == "DELETE")
        {
            var deleted = await server.SendAsync("DELETE", $"/v1/responses/{id}", null).JsonAsync();
            Assert.Equal($$"""{"id":"{{id}}","object":"response","deleted":true}""", deleted.ToJsonString());
        }

        using var missing = await server.GetAsync($"/v1/responses/{id}");

        Assert.Equal(404, (int)missing.StatusCode);
    }

    [Fact]
    public async Task A_tool_s_output_is_joined_with_the_call_of_the_response_before()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var request = Request("What is the weather in Rome?");
        request["tools"] = JsonNode.Parse("""[{"type":"function","name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}]""");
        var first = await server.PostAsync("/v1/responses", request).JsonAsync();
        var call = first["output"]![0]!;

        var second = await server.PostAsync("/v1/responses", new JsonObject
        {
            ["model"] = "demo/llama",
            ["previous_response_id"] = first["id"]!.ToString(),
            ["input"] = new JsonArray(new JsonObject { ["type"] = "function_call_output", ["call_id"] = call["call_id"]!.ToString(), ["output"] = "sunny" }),
        }).JsonAsync();

        Assert.Equal("""{"city": "Rome"}""", call["arguments"]!.ToString());
        Assert.Contains("get_weather, and it says: sunny", second["output"]![0]!["content"]![0]!["text"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_event_holds_what_is_stored()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var request = Request("Hi");
        request["stream"] = true;

        var events = await server.PostAsync("/v1/responses", request).FramesAsync();

        var completed = events[^1]["response"]!;
        Assert.Equal(completed.ToJsonString(), (await server.GetAsync($"/v1/responses/{completed["id"]}").JsonAsync()).ToJsonString());
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(static item => item["sequence_number"]!.GetValue<int>()));
    }

    [Theory]
    [InlineData("demo/embed", "x")]
    [InlineData("demo/llama", null)]
    public async Task What_the_real_server_stumbles_over_fails_here_too(string model, string? input)
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var request = new JsonObject { ["model"] = model, ["input"] = input is null ? new JsonArray() : input };

        using var plain = await server.PostAsync("/v1/responses", request);
        request["stream"] = true;
        var events = await server.PostAsync("/v1/responses", request).FramesAsync();

        Assert.Equal(500, (int)plain.StatusCode);
        Assert.Equal(["response.created", "response.in_progress", "response.failed"], events.Select(static item => item["type"]!.ToString()));
        Assert.Equal("server_error", events[^1]["response"]!["error"]!["code"]!.ToString());
    }

    private static JsonObject Request(string input) => new() { ["model"] = "demo/llama", ["input"] = input };
}
