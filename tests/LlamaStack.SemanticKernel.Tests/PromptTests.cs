using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>What a prompt may hold beside text, and how its settings are written down.</summary>
public sealed class PromptTests
{
    private static readonly byte[] _pixel = [0x89, 0x50, 0x4E, 0x47];

    [Fact]
    public async Task Settings_of_a_prompt_that_is_written_as_JSON_reach_the_server()
    {
        var config = PromptTemplateConfig.FromJson(
            """
            {
              "name": "ask",
              "template": "{{$question}}",
              "execution_settings": {
                "default": {
                  "model_id": "m-2",
                  "temperature": 0.25,
                  "max_tokens": 64,
                  "stop_sequences": ["END"],
                  "seed": 7,
                  "top_k": 40,
                  "response_format": "json_object",
                  "guided_choice": ["yes", "no"],
                  "function_choice_behavior": { "type": "auto", "functions": ["weather.get_weather"], "options": { "allow_parallel_calls": true } }
                }
              }
            }
            """);
        var server = new StubServer().Says("yes");
        var kernel = server.Kernel();
        await kernel.InvokeAsync(kernel.CreateFunctionFromPrompt(config), new() { ["question"] = "Hi" }, Ct);

        var request = server.Requests.Single();
        Assert.Equal("weather_get_weather", (string?)Assert.Single(request["tools"]!.AsArray())!["function"]!["name"]);
        request.Remove("tools");
        JsonAssert.Equal(
            "settings",
            JsonNode.Parse("""
                {"model":"m-2","messages":[{"role":"user","content":"Hi"}],"temperature":0.25,"max_tokens":64,"stop":["END"],"seed":7,"top_k":40,
                 "response_format":{"type":"json_object"},"guided_choice":["yes","no"],"tool_choice":"auto","parallel_tool_calls":true}
                """)!,
            request);
    }

    [Fact]
    public async Task Pictures_are_sent_by_address_and_by_bytes()
    {
        var server = new StubServer().Says("A cat.");
        var history = new ChatHistory();
        history.AddUserMessage([new Microsoft.SemanticKernel.TextContent("What is this?"), new ImageContent(new Uri("https://pictures.test/cat.png")), new ImageContent(_pixel, "image/png")]);
        await server.Kernel().GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(history, cancellationToken: Ct);

        JsonAssert.Equal(
            "content",
            JsonNode.Parse("""
                [{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"https://pictures.test/cat.png"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw=="}}]
                """)!,
            server.Requests.Single()["messages"]![0]!["content"]!);
    }

    [Fact]
    public async Task Pictures_of_a_prompt_template_are_sent_as_well()
    {
        var server = new StubServer().Says("A cat.");
        await server.Kernel().InvokePromptAsync("""<message role="user"><text>What is this?</text><image>https://pictures.test/cat.png</image></message>""", cancellationToken: Ct);

        Assert.Equal("https://pictures.test/cat.png", (string?)server.Requests.Single()["messages"]![0]!["content"]![1]!["image_url"]!["url"]);
    }

    [Fact]
    public async Task An_answer_with_a_schema_is_read_as_its_type()
    {
        var server = new StubServer().Says("""{"City":"Paris","Population":2000000}""");
        var settings = new PromptExecutionSettings { ExtensionData = new Dictionary<string, object> { ["response_format"] = typeof(Place) } };
        var answer = await server.Kernel().InvokePromptAsync("Where is the Louvre?", new(settings), cancellationToken: Ct);

        Assert.Equal("json_schema", (string?)server.Requests.Single()["response_format"]!["type"]);
        Assert.Equal(new Place("Paris", 2000000), System.Text.Json.JsonSerializer.Deserialize<Place>(answer.ToString()));
    }

    internal sealed record Place(string City, int Population);
}
