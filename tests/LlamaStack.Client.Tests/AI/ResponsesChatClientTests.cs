using System.Text.Json;
using Microsoft.Extensions.AI;

namespace LlamaStack.Client.Tests;

public sealed class ResponsesChatClientTests
{
    private const string Plain = "llamastack-live/responses/plain.response.json";

    [Fact]
    public async Task Messages_become_items()
    {
        var mcpCall = new ResponseMcpCallItem { Id = "fc_1", Name = "roll", Arguments = "{}", ServerLabel = "dice", Output = "4" };
        var approval = new ToolApprovalResponseContent("approval_1", approved: true, new McpServerToolCallContent("approval_1", "roll", "dice"))
        {
            Reason = "why not",
        };
        var server = new StubServer().File(Plain);
        await server.Client().AsIResponsesChatClient("m").GetResponseAsync(
            [
                new(ChatRole.System, "Be short."),
                new(ChatRole.User, "Hi"),
                new(ChatRole.User,
                [
                    new TextContent("And this?"),
                    new DataContent(new byte[] { 1, 2 }, "image/png"),
                    new DataContent(new byte[] { 3 }, "application/pdf") { Name = "a.pdf" },
                    new HostedFileContent("file-1"),
                    new UriContent("https://pictures.test/a.png", "image/png"),
                ]),
                new(ChatRole.Assistant,
                [
                    new TextReasoningContent("Hm."),
                    new TextContent("Let "),
                    new TextContent("me see."),
                    new FunctionCallContent("call_1", "get_weather", new Dictionary<string, object?> { ["city"] = "Paris" }),
                    new McpServerToolCallContent("fc_1", "roll", "dice"),
                    new McpServerToolResultContent("fc_1") { RawRepresentation = mcpCall },
                    new TextContent("Done."),
                ]),
                new(ChatRole.Tool, [new FunctionResultContent("call_1", "21 °C")]),
                new(ChatRole.User, [approval]),
            ],
            cancellationToken: Ct);

        JsonAssert.Equal(
            """
            {"model":"m","input":[
             {"type":"message","role":"system","content":"Be short."},
             {"type":"message","role":"user","content":"Hi"},
             {"type":"message","role":"user","content":[{"type":"input_text","text":"And this?"},{"type":"input_image","image_url":"data:image/png;base64,AQI="},
              {"type":"input_file","file_data":"data:application/pdf;base64,Aw==","filename":"a.pdf"},{"type":"input_file","file_id":"file-1"},
              {"type":"input_image","image_url":"https://pictures.test/a.png"}]},
             {"type":"message","role":"assistant","content":"Let me see."},
             {"type":"function_call","call_id":"call_1","name":"get_weather","arguments":"{\"city\":\"Paris\"}"},
             {"type":"mcp_call","id":"fc_1","name":"roll","arguments":"{}","server_label":"dice","output":"4"},
             {"type":"message","role":"assistant","content":"Done."},
             {"type":"function_call_output","call_id":"call_1","output":"21 °C"},
             {"type":"mcp_approval_response","approval_request_id":"approval_1","approve":true,"reason":"why not"}]}
            """,
            server.Calls.Single().Body!);
    }

    [Fact]
    public async Task Options_become_members_of_the_request()
    {
        var server = new StubServer().File(Plain);
        await server.Client().AsIResponsesChatClient("default").GetResponseAsync(
            [new(ChatRole.User, "Hi")],
            new ChatOptions
            {
                ModelId = "named",
                Instructions = "Be short.",
                ConversationId = "resp_1",
                Temperature = 0.7f,
                TopP = 0.95f,
                TopK = 40,
                Seed = 7,
                StopSequences = ["END"],
                MaxOutputTokens = 100,
                FrequencyPenalty = 0.1f,
                PresencePenalty = -0.2f,
                Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low, Output = ReasoningOutput.Summary },
                ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse("""{"type":"object"}"""), "weather", "The weather"),
                ToolMode = ChatToolMode.RequireSpecific("get_weather"),
                AllowMultipleToolCalls = true,
                Tools =
                [
                    AIFunctionFactory.Create((string city) => city, "get_weather", "Weather of a city"),
                    new HostedWebSearchTool(),
                    new HostedFileSearchTool { Inputs = [new HostedVectorStoreContent("vs_1")], MaximumResultCount = 3 },
                    new HostedMcpServerTool("dice", new Uri("http://dice.test/mcp"))
                    {
                        AllowedTools = ["roll"], ApprovalMode = HostedMcpServerToolApprovalMode.AlwaysRequire,
                        Headers = new Dictionary<string, string> { ["authorization"] = "Bearer token-1", ["X-Team"] = "a" },
                    },
                    new HostedMcpServerTool("docs", "connector-1") { ApprovalMode = HostedMcpServerToolApprovalMode.RequireSpecific(["write"], ["read"]) },
                    new HostedCodeInterpreterTool(),
                ],
                AdditionalProperties = new() { ["max_infer_iters"] = 3, ["metadata"] = JsonElement.Parse("""{"a":"b"}""") },
            },
            Ct);

        JsonAssert.Equal(
            """
            {"model":"named","instructions":"Be short.","previous_response_id":"resp_1","input":[{"type":"message","role":"user","content":"Hi"}],"temperature":0.7,
             "top_p":0.95,"top_k":40,"seed":7,"stop":["END"],"max_output_tokens":100,"frequency_penalty":0.1,"presence_penalty":-0.2,
             "reasoning":{"effort":"low","summary":"concise"},"max_infer_iters":3,"metadata":{"a":"b"},
             "text":{"format":{"type":"json_schema","name":"weather","description":"The weather","schema":{"type":"object"}}},
             "tool_choice":{"type":"function","name":"get_weather"},"parallel_tool_calls":true,
             "tools":[{"type":"function","name":"get_weather","description":"Weather of a city",
               "parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}},
              {"type":"web_search"},
              {"type":"file_search","vector_store_ids":["vs_1"],"max_num_results":3},
              {"type":"mcp","server_label":"dice","server_url":"http://dice.test/mcp","authorization":"token-1","headers":{"X-Team":"a"},
               "allowed_tools":["roll"],"require_approval":"always"},
              {"type":"mcp","server_label":"docs","connector_id":"connector-1","require_approval":{"always":["write"],"never":["read"]}}]}
            """,
            server.Calls.Single().Body!);
    }

    [Fact]
    public async Task A_conversation_goes_on_by_its_id_or_by_the_last_response()
    {
        var server = new StubServer().File(Plain).File(Plain).File(Plain).File(Plain);
        var client = server.Client().AsIResponsesChatClient("m");

        var first = await client.AskAsync();
        await client.GetResponseAsync("More", new ChatOptions { ConversationId = first.ConversationId }, Ct);
        var inConversation = await client.GetResponseAsync("Hi", new ChatOptions { ConversationId = "conv_1" }, Ct);
        var unstored = await client.AskAsync(new ChatOptions { RawRepresentationFactory = _ => new ResponseRequest { Store = false, Input = "First" } });

        Assert.Equal(first.ResponseId, first.ConversationId);
        Assert.Equal(first.ResponseId, server.Calls[1].Json.GetProperty("previous_response_id").GetString());
        Assert.Equal("conv_1", server.Calls[2].Json.GetProperty("conversation").GetString());
        Assert.False(server.Calls[2].Json.TryGetProperty("previous_response_id", out _));
        Assert.Equal("conv_1", inConversation.ConversationId);
        Assert.Null(unstored.ConversationId);
        Assert.Equal(["First", "Hi"], server.Calls[3].Json.GetProperty("input").EnumerateArray().Select(item => item.GetProperty("content").GetString()));
    }

    [Theory]
    [InlineData("mcp", "McpServerToolCallContent McpServerToolResultContent TextContent", "stop")]
    [InlineData("function-call", "FunctionCallContent", "tool_calls")]
    [InlineData("file-search", "AIContent TextContent", "stop")]
    [InlineData("mcp-approval", "ToolApprovalRequestContent", "stop")]
    [InlineData("guardrails-input-flagged", "ErrorContent", "content_filter")]
    [InlineData("incomplete-length", "TextContent", "length")]
    [InlineData("reasoning", "TextReasoningContent TextContent", "stop")]
    public async Task An_answer_is_the_same_plain_and_streamed(string name, string contents, string reason)
    {
        var plain = await Over($"llamastack-live/responses/{name}.response.json").AskAsync();
        var streamed = await Over($"llamastack-live/responses/{name}-stream.response.sse").StreamAsync();

        Assert.All([plain, streamed], response =>
        {
            Assert.Equal(contents, Kinds(response));
            Assert.Equal(new ChatFinishReason(reason), response.FinishReason);
            Assert.StartsWith("resp_", response.ResponseId, StringComparison.Ordinal);
            Assert.Equal(response.ResponseId, response.ConversationId);
            Assert.StartsWith("stub/", response.ModelId, StringComparison.Ordinal);
        });
        Assert.Equal(plain.Usage?.TotalTokenCount, streamed.Usage?.TotalTokenCount);
        Assert.Equal(plain.Text, streamed.Text);

        // Citations of a stream come in a content of their own; the tools of an MCP server are of no interest here.
        static string Kinds(ChatResponse response) => string.Join(' ',
            from content in response.Messages.SelectMany(message => message.Contents)
            where content.RawRepresentation is not ResponseMcpListToolsItem
            where content.GetType() != typeof(AIContent) || content.RawRepresentation is not null
            select content.GetType().Name);
    }

    [Fact]
    public async Task A_models_refusal_is_found_in_the_stream()
    {
        var response = await Over("llamastack-live/responses/refusal-stream.response.sse").StreamAsync();
        var refusal = Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<ErrorContent>());
        Assert.Equal(("I cannot help with that.", "Refusal"), (refusal.Message, refusal.ErrorCode));
    }

    [Fact]
    public async Task Citations_are_annotations_plain_and_streamed()
    {
        var plain = await Over("llamastack-wire/responses/responses-file-search-nonstream.json").AskAsync();
        var streamed = await Over("llamastack-wire/responses/responses-file-search.sse").StreamAsync();
        Assert.All([plain, streamed], response =>
        {
            var annotations = response.Messages.SelectMany(message => message.Contents).SelectMany(content => content.Annotations ?? []);
            var citation = Assert.IsType<CitationAnnotation>(Assert.Single(annotations));
            Assert.StartsWith("file-", citation.FileId, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_failed_response_is_an_exception_as_the_plain_call_has_it()
    {
        var client = Over("llamastack-live/responses/error-provider-429-stream.response.sse");
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => client.GetStreamingResponseAsync("Hi", cancellationToken: Ct).ToListAsync());
        Assert.Equal("rate_limit_exceeded", error.Code);
        Assert.Contains("Rate limit reached at the stub.", error.ServerMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Functions_are_run_and_only_their_results_go_back(bool streamed)
    {
        var server = streamed
            ? new StubServer().File("llamastack-live/responses/function-call-parallel-stream.response.sse").File("llamastack-live/responses/stream.response.sse")
            : new StubServer().File("llamastack-live/responses/function-call.response.json").File(Plain);
        var client = server.Client().AsIResponsesChatClient("m").AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { Tools = [AIFunctionFactory.Create((string city) => $"21 in {city}", "get_weather")] };

        var response = streamed ? await client.StreamAsync(options) : await client.AskAsync(options);

        Assert.StartsWith("Hello from the stub.", response.Text, StringComparison.Ordinal);
        var second = server.Calls[1].Json;
        Assert.StartsWith("resp_", second.GetProperty("previous_response_id").GetString(), StringComparison.Ordinal);
        Assert.All(second.GetProperty("input").EnumerateArray(), item => Assert.Equal("function_call_output", item.GetProperty("type").GetString()));
        Assert.Equal(streamed ? 2 : 1, second.GetProperty("input").GetArrayLength());
        Assert.Equal("21 in Paris", second.GetProperty("input")[0].GetProperty("output").GetString());
    }

    [Fact]
    public async Task Tools_of_the_server_are_not_called_by_the_client()
    {
        var updates = await Over("llamastack-live/responses/max-tool-calls-stream.response.sse").GetStreamingResponseAsync("Hi", cancellationToken: Ct).ToListAsync();
        Assert.Empty(updates.SelectMany(update => update.Contents).OfType<FunctionCallContent>());
    }

    private static IChatClient Over(string file) => new StubServer().File(file).Client().AsIResponsesChatClient("m");
}
