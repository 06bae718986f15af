using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace LlamaStack.Client.Tests;

public sealed class ChatClientTests
{
    private const string Plain = "llamastack-live/chat/plain.response.json";

    private static readonly AIFunction _getWeather = AIFunctionFactory.Create(
        ([Description("Where")] string city) => $"21 in {city}", "get_weather", "Weather of a city");

    [Fact]
    public async Task Messages_become_what_every_provider_understands()
    {
        var server = new StubServer().File(Plain);
        await server.Client().AsIChatClient("m").GetResponseAsync(
            [
                new(ChatRole.System, "Be short."),
                new(new ChatRole("developer"), "Really."),
                new(ChatRole.User, "Plain") { AuthorName = "Ada L. (CTO)" },
                new(ChatRole.User,
                [
                    new TextContent("What is this?"),
                    new UriContent("https://pictures.test/a.png", "image/png") { AdditionalProperties = new() { ["detail"] = "high" } },
                    new DataContent(new byte[] { 1, 2 }, "image/png"),
                    new DataContent(new byte[] { 3 }, "application/pdf") { Name = "a.pdf" },
                    new HostedFileContent("file-1"),
                ]),
                new(ChatRole.Assistant,
                [
                    new TextReasoningContent("Hm."),
                    new TextContent("Let me see."),
                    new FunctionCallContent("call_1", "get_weather", new Dictionary<string, object?> { ["city"] = "Paris", ["days"] = 2 }),
                    new FunctionCallContent("call_2", "now"),
                ]),
                new(ChatRole.Tool, [new FunctionResultContent("call_1", "21 °C"), new FunctionResultContent("call_2", JsonElement.Parse("""{"h":7}"""))]),
                new(ChatRole.Tool,
                [
                    new FunctionResultContent("call_3", JsonElement.Parse("\"text\"")),
                    new FunctionResultContent("call_4", null),
                    new FunctionResultContent("call_5", new[] { 1.5, 2 }),
                ]),
                new(ChatRole.Assistant, [new ErrorContent("No.") { ErrorCode = "Refusal" }]),
                new(ChatRole.Assistant, []),
            ],
            cancellationToken: Ct);

        JsonAssert.Equal(
            """
            {"model":"m","messages":[
             {"role":"system","content":"Be short."},
             {"role":"developer","content":"Really."},
             {"role":"user","name":"Ada_L_CTO_","content":"Plain"},
             {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"https://pictures.test/a.png","detail":"high"}},
              {"type":"image_url","image_url":{"url":"data:image/png;base64,AQI="}},{"type":"file","file":{"file_data":"data:application/pdf;base64,Aw==","filename":"a.pdf"}},
              {"type":"file","file":{"file_id":"file-1"}}]},
             {"role":"assistant","content":"Let me see.","tool_calls":[
              {"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\u0022city\u0022:\u0022Paris\u0022,\u0022days\u0022:2}"}},
              {"id":"call_2","type":"function","function":{"name":"now","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"call_1","content":"21 °C"},
             {"role":"tool","tool_call_id":"call_2","content":"{\u0022h\u0022:7}"},
             {"role":"tool","tool_call_id":"call_3","content":"text"},
             {"role":"tool","tool_call_id":"call_4","content":""},
             {"role":"tool","tool_call_id":"call_5","content":"[1.5,2]"},
             {"role":"assistant","refusal":"No."},
             {"role":"assistant","content":""}]}
            """,
            Compact(server.Calls.Single().Body!));
    }

    [Fact]
    public async Task Options_become_members_of_the_request()
    {
        var server = new StubServer().File(Plain);
        await server.Client().AsIChatClient("default").GetResponseAsync(
            [new(ChatRole.User, "Hi")],
            new ChatOptions
            {
                ModelId = "named",
                Instructions = "Be short.",
                Temperature = 0.7f,
                TopP = 0.95f,
                TopK = 40,
                MaxOutputTokens = 100,
                FrequencyPenalty = 0.1f,
                PresencePenalty = -0.2f,
                Seed = 7,
                StopSequences = ["END"],
                Reasoning = new ReasoningOptions { Effort = ReasoningEffort.ExtraHigh },
                ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse("""{"type":"object"}"""), "weather", "The weather"),
                Tools = [_getWeather, new HostedWebSearchTool()],
                ToolMode = ChatToolMode.RequireSpecific("get_weather"),
                AllowMultipleToolCalls = false,
                ConversationId = "ignored",
                AdditionalProperties = new()
                {
                    ["user"] = "ada",
                    ["guided_choice"] = "a b".Split(' '),
                    ["logit_bias"] = new JsonObject { ["5"] = -100 },
                    ["strict"] = true,
                    ["seed"] = null,
                    ["chat_template_kwargs"] = JsonElement.Parse("""{"thinking":false}"""),
                    ["nobody_can_write_this"] = new Action(() => { }),
                },
            },
            Ct);

        JsonAssert.Equal(
            """
            {"model":"named","messages":[{"role":"system","content":"Be short."},{"role":"user","content":"Hi"}],"temperature":0.7,"top_p":0.95,"top_k":40,
             "max_tokens":100,"frequency_penalty":0.1,"presence_penalty":-0.2,"stop":["END"],"reasoning_effort":"xhigh","parallel_tool_calls":false,
             "response_format":{"type":"json_schema","json_schema":{"name":"weather","description":"The weather","strict":true,"schema":{"type":"object"}}},
             "tools":[{"type":"function","function":{"name":"get_weather","description":"Weather of a city","strict":true,
              "parameters":{"type":"object","properties":{"city":{"description":"Where","type":"string"}},"required":["city"]}}}],
             "tool_choice":{"type":"function","function":{"name":"get_weather"}},
             "user":"ada","guided_choice":["a","b"],"logit_bias":{"5":-100},"chat_template_kwargs":{"thinking":false}}
            """,
            server.Calls.Single().Body!);
    }

    [Theory]
    [InlineData("auto", "\"auto\"")]
    [InlineData("none", "\"none\"")]
    [InlineData("required", "\"required\"")]
    [InlineData(null, null)]
    public async Task The_tool_mode_becomes_a_choice_only_where_there_are_tools(string? mode, string? choice)
    {
        var server = new StubServer().File(Plain).File(Plain);
        var client = server.Client().AsIChatClient("m");
        ChatToolMode? toolMode = mode switch { "auto" => ChatToolMode.Auto, "none" => ChatToolMode.None, "required" => ChatToolMode.RequireAny, _ => null };
        await client.AskAsync(new ChatOptions { ToolMode = toolMode, Tools = [_getWeather] });
        await client.AskAsync(new ChatOptions { ToolMode = toolMode, Tools = [], AllowMultipleToolCalls = true });

        Assert.Equal(choice, server.Calls[0].Json.TryGetProperty("tool_choice", out var sent) ? sent.GetRawText() : null);
        Assert.Equal("""{"model":"m","messages":[{"role":"user","content":"Hi"}]}""", server.Calls[1].Body);
    }

    [Fact]
    public async Task A_request_of_the_callers_own_comes_first()
    {
        var server = new StubServer().File(Plain);
        await server.Client().AsIChatClient("default").GetResponseAsync(
            "Hi",
            new ChatOptions
            {
                ModelId = "named",
                Temperature = 1,
                MaxOutputTokens = 5,
                TopK = 3,
                RawRepresentationFactory = _ => new ChatCompletionRequest
                {
                    Temperature = 0,
                    MaxCompletionTokens = 50,
                    LogitBias = new Dictionary<string, double> { ["5"] = 1 },
                    Messages = [ChatCompletionMessage.System("First")],
                    ExtensionData = new Dictionary<string, JsonElement> { ["min_p"] = JsonElement.Parse("0.1") },
                },
            },
            Ct);
        JsonAssert.Equal(
            """
            {"model":"named","messages":[{"role":"system","content":"First"},{"role":"user","content":"Hi"}],"temperature":0,
             "max_completion_tokens":50,"logit_bias":{"5":1},"min_p":0.1,"top_k":3}
            """,
            server.Calls.Single().Body!);
    }

    [Fact]
    public async Task An_additional_property_that_does_not_fit_is_told()
    {
        var client = new StubServer().Client().AsIChatClient("m");
        var error = await Assert.ThrowsAsync<ArgumentException>(() => client.AskAsync(new ChatOptions { AdditionalProperties = new() { ["temperature"] = "hot" } }));
        Assert.Contains("$.temperature", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_answer_is_whole()
    {
        var response = await new StubServer().File("llamastack-live/chat/reasoning.response.json").Client().AsIChatClient("m").AskAsync();

        Assert.Equal("Hello from the stub. You said: Hi there", response.Text);
        AssertReasonersAnswer(response);
        Assert.Equal("The user said something. A short answer is enough.", response.Messages.Single().Contents.OfType<TextReasoningContent>().Single().Text);
        Assert.IsType<ChatCompletion>(response.RawRepresentation);
        Assert.Equal(response.ResponseId, response.Messages.Single().MessageId);
        Assert.Null(response.ConversationId);
    }

    [Fact]
    public async Task A_streamed_answer_is_the_plain_one_in_pieces()
    {
        var server = new StubServer().File("llamastack-live/chat/reasoning-stream.response.sse");
        var updates = await server.Client().AsIChatClient("m").GetStreamingResponseAsync("Hi", cancellationToken: Ct).ToListAsync();
        var response = updates.ToChatResponse();

        Assert.Equal("""{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}}""", server.Calls.Single().Body);
        Assert.Equal("Hello from the stub. You said: Hi there", response.Text);
        Assert.Equal("The user said something. A short answer is enough.", response.Messages.Single().Contents.OfType<TextReasoningContent>().Single().Text);
        AssertReasonersAnswer(response);
        Assert.Equal(Fixtures.Frames("llamastack-live/chat/reasoning-stream.response.sse").Count, updates.Count(update => update.RawRepresentation is ChatCompletionChunk));
        Assert.All(updates, update => Assert.Equal(ChatRole.Assistant, update.Role));
    }

    [Theory]
    [InlineData("llamastack-live/chat/refusal.response.json", false)]
    [InlineData("llamastack-live/chat/refusal-stream.response.sse", true)]
    public async Task A_refusal_is_an_error_content(string file, bool streamed)
    {
        var client = new StubServer().File(file).Client().AsIChatClient("m");
        var response = streamed ? await client.StreamAsync() : await client.AskAsync();
        var refusal = Assert.Single(response.Messages.Single().Contents.OfType<ErrorContent>());
        Assert.Equal(("I cannot help with that.", "Refusal"), (refusal.Message, refusal.ErrorCode));
    }

    [Theory]
    [InlineData("llamastack-live/chat/length.response.json", "length")]
    [InlineData("llamastack-live/chat/tools.response.json", "tool_calls")]
    public async Task The_finish_reason_is_translated(string file, string reason)
    {
        var response = await new StubServer().File(file).Client().AsIChatClient("m").AskAsync();
        Assert.Equal(new ChatFinishReason(reason), response.FinishReason);
    }

    [Theory]
    [InlineData("function_call", "tool_calls")]
    [InlineData("content_filter", "content_filter")]
    [InlineData("abort", "abort")]
    public async Task A_finish_reason_of_the_providers_own_is_kept(string sent, string expected)
    {
        var server = new StubServer().Json($$$"""{"choices":[{"index":0,"finish_reason":"{{{sent}}}","message":{"content":"x"}}]}""");
        Assert.Equal(new ChatFinishReason(expected), (await server.Client().AsIChatClient("m").AskAsync()).FinishReason);
    }

    [Fact]
    public async Task An_answer_without_choices_is_an_empty_message()
    {
        var response = await new StubServer().Json("""{"id":"x"}""").Client().AsIChatClient("m").AskAsync();
        Assert.Empty(Assert.Single(response.Messages).Contents);
    }

    [Theory]
    [InlineData("llamastack-live/chat/tools-parallel-stream.response.sse", "call_922256f67691598a:get_weather:Paris call_44ff7ee964a96092:get_weather:Oslo")]
    [InlineData("llamastack-wire/chat/chat-stream-parallel-tool-calls-openai.sse", null)]
    [InlineData("llamastack-wire/chat/chat-stream-tool-call-single-chunk-ollama.sse", null)]
    public async Task Fragments_of_calls_become_whole_calls_at_the_end(string file, string? expected)
    {
        var updates = await new StubServer().File(file).Client().AsIChatClient("m").GetStreamingResponseAsync("Hi", cancellationToken: Ct).ToListAsync();
        var calls = updates.SelectMany(update => update.Contents).OfType<FunctionCallContent>().ToList();

        Assert.NotEmpty(calls);
        Assert.All(calls, call => Assert.Null(call.Exception));
        Assert.All(calls, call => Assert.NotNull(call.Arguments));
        Assert.Equal(calls, updates[^1].Contents.OfType<FunctionCallContent>());
        Assert.Equal(ChatFinishReason.ToolCalls, updates[^1].FinishReason);
        if (expected is not null)
        {
            Assert.Equal(expected, string.Join(' ', calls.Select(call => $"{call.CallId}:{call.Name}:{call.Arguments!["city"]}")));
        }
    }

    [Theory]
    [InlineData(""" {"index":0,"id":"a","function":{"name":"f","arguments":"{}"}} """, """ {"index":0,"id":"b","function":{"name":"g","arguments":"{}"}} """, "a:f b:g")]
    [InlineData(""" {"id":"a","function":{"name":"f","arguments":"{\"x\":"}} """, """ {"id":"a","function":{"arguments":"1}"}} """, "a:f")]
    [InlineData(""" {"index":1,"id":"","function":{"name":"f"}} """, """ {"index":1,"id":null,"function":{"name":"","arguments":""}} """, "?:f")]
    [InlineData(""" {"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}} """, """ {"index":0} """, "a:f!")]
    public async Task Odd_fragments_are_put_together_too(string first, string second, string expected)
    {
        var chunks = new[] { first, second }.Select(call => $$$"""data: {"choices":[{"index":0,"delta":{"tool_calls":[{{{call}}}]}}]}""");
        var server = new StubServer().Events(string.Concat(chunks.Select(chunk => chunk + "\n\n")));
        var response = await server.Client().AsIChatClient("m").StreamAsync();
        Assert.Equal(expected, string.Join(' ', response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Select(call =>
            $"{(call.CallId.StartsWith("call_", StringComparison.Ordinal) ? "?" : call.CallId)}:{call.Name}{(call.Exception is null ? "" : "!")}")));
    }

    [Fact]
    public async Task Usage_with_each_chunk_counts_once()
    {
        const string Choices = """[{"index":0,"delta":{"content":"x"}},{"index":1,"delta":{"content":"y"}}]""";
        var chunks = Enumerable.Range(1, 3).Select(n =>
            $$$"""data: {"choices":{{{Choices}}},"usage":{"prompt_tokens":5,"completion_tokens":{{{n}}},"total_tokens":{{{5 + n}}} }}""");
        var server = new StubServer().Events(string.Concat(chunks.Select(chunk => chunk + "\n\n")));
        var response = await server.Client().AsIChatClient("m").StreamAsync();
        Assert.Equal((5, 3, 8, "xxx"), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount, response.Text));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Functions_are_run_and_their_spans_are_there_for_whoever_listens(bool streamed)
    {
        var spans = new List<string>();
        using var root = new Activity("test").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LlamaStackClientDiagnostics.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (span.TraceId == root.TraceId)
                {
                    spans.Add(span.DisplayName);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        var server = streamed
            ? new StubServer().File("llamastack-live/chat/tools-parallel-stream.response.sse").File("llamastack-live/chat/stream-usage.response.sse")
            : new StubServer().File("llamastack-live/chat/tools-parallel.response.json").File(Plain);
        var client = server.Client().AsIChatClient("m").AsBuilder().UseFunctionInvocation(configure: functions => functions.AllowConcurrentInvocation = true).Build();
        var asked = new List<string>();
        var options = new ChatOptions
        {
            Tools = [AIFunctionFactory.Create((string city, string unit) => { lock (asked) { asked.Add(city); } return $"21 {unit} in {city}"; }, "get_weather")],
        };

        var response = streamed ? await client.StreamAsync(options) : await client.AskAsync(options);

        Assert.StartsWith("Hello from the stub.", response.Text, StringComparison.Ordinal);
        Assert.Equal(["Oslo", "Paris"], asked.Order());
        Assert.Equal(2, spans.Count(span => span == "execute_tool get_weather"));
        var messages = server.Calls[1].Json.GetProperty("messages").EnumerateArray().Skip(1).ToList();
        Assert.Equal(["assistant", "tool", "tool"], messages.Select(message => message.GetProperty("role").GetString()));
        Assert.Equal(
            messages[0].GetProperty("tool_calls").EnumerateArray().Select(call => call.GetProperty("id").GetString()),
            messages.Skip(1).Select(message => message.GetProperty("tool_call_id").GetString()));
        Assert.Equal("21 celsius in Paris", messages[1].GetProperty("content").GetString());
        Assert.Equal(33, response.Usage!.TotalTokenCount);
        Assert.Same(root, Activity.Current);
    }

    [Fact]
    public async Task A_typed_answer_is_asked_for_by_its_schema()
    {
        var server = new StubServer().Json("""{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"{\"city\":\"Paris\",\"degrees\":21}"}}]}""");
        var response = await server.Client().AsIChatClient("m").GetResponseAsync<Weather>("How is the weather?", cancellationToken: Ct);
        Assert.Equal(new Weather("Paris", 21), response.Result);
        var format = server.Calls.Single().Json.GetProperty("response_format");
        Assert.Equal(("json_schema", "Weather"), (format.GetProperty("type").GetString(), format.GetProperty("json_schema").GetProperty("name").GetString()));
        Assert.True(format.GetProperty("json_schema").GetProperty("schema").GetProperty("properties").TryGetProperty("degrees", out _));
    }

    [Fact]
    public void Services_are_found_through_the_client()
    {
        var typed = new StubServer().Client(options => options.Model = "stub/stub-chat");
        foreach (var client in new[] { typed.AsIChatClient(), typed.AsIResponsesChatClient() })
        {
            var metadata = client.GetRequiredService<ChatClientMetadata>();
            Assert.Equal(("llama_stack", "http://llama.test:8321/v1/", "stub/stub-chat"), (metadata.ProviderName, metadata.ProviderUri!.AbsoluteUri, metadata.DefaultModelId));
            Assert.Same(typed, client.GetService<LlamaStackClient>());
            Assert.Same(LlamaStackClientDiagnostics.ActivitySource, client.GetService<ActivitySource>());
            Assert.Same(client, client.GetService<IChatClient>());
            Assert.Null(client.GetService<string>());
            Assert.Null(client.GetService(typeof(IChatClient), "key"));
        }

        Assert.Equal("LlamaStack.Client", LlamaStackClientDiagnostics.ActivitySource.Name);
    }

    [Fact]
    public async Task Without_a_model_the_first_one_listed_is_asked_for_once()
    {
        var server = new StubServer().File("llamastack-live/models/list.response.json").File(Plain).File(Plain).File(Plain);
        var client = server.Client().AsIChatClient();
        Assert.Null(client.GetService<ChatClientMetadata>()!.DefaultModelId);
        await client.AskAsync();
        await client.AskAsync();
        await client.AskAsync(new ChatOptions { ModelId = "other" });

        Assert.Equal(["/v1/models", "/v1/chat/completions", "/v1/chat/completions", "/v1/chat/completions"], server.Calls.Select(call => call.Message.RequestUri!.AbsolutePath));
        Assert.Equal(["stub/stub-chat", "stub/stub-chat", "other"], server.Calls.Skip(1).Select(call => call.Json.GetProperty("model").GetString()));
        Assert.Equal("stub/stub-chat", client.GetService<ChatClientMetadata>()!.DefaultModelId);
    }

    [Fact]
    public async Task A_server_without_models_is_asked_again_next_time()
    {
        var server = new StubServer()
            .Json("""{"data":[{"id":"e","custom_metadata":{"model_type":"embedding"}}]}""")
            .Json("""{"data":[{"identifier":"old","model_type":"llm"}]}""")
            .File(Plain);
        var client = server.Client().AsIChatClient();
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => client.AskAsync());
        Assert.Contains("Set LlamaStack:Model", error.Message, StringComparison.Ordinal);
        await client.AskAsync();
        Assert.Equal("old", server.Calls[2].Json.GetProperty("model").GetString());
    }

    [Fact]
    public async Task Callers_that_come_together_ask_once_and_none_can_cancel_it_for_the_others()
    {
        var listing = new TaskCompletionSource<HttpResponseMessage>();
        var answers = new StubServer().File("llamastack-live/models/list.response.json").File(Plain);
        var handler = new Gate(listing.Task, answers);
        using var http = new HttpClient(handler) { BaseAddress = new Uri("http://llama.test") };
        var client = new LlamaStackClient(http).AsIChatClient();
        using var cancel = new CancellationTokenSource();

        var first = client.GetResponseAsync("Hi", cancellationToken: cancel.Token);
        var second = client.AskAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        listing.SetResult(null!);
        Assert.Equal("Hello from the stub. You said: Hi there", (await second.Soon()).Text);
        Assert.Equal(2, answers.Calls.Count);
    }

    private static void AssertReasonersAnswer(ChatResponse response)
    {
        Assert.Equal(("chatcmpl-01aa05bead99982b", "stub/stub-reasoner"), (response.ResponseId, response.ModelId));
        Assert.Equal((DateTimeOffset.FromUnixTimeSeconds(1790000000), ChatFinishReason.Stop), (response.CreatedAt, response.FinishReason));
        var usage = response.Usage!;
        Assert.Equal((5, 17, 22), (usage.InputTokenCount, usage.OutputTokenCount, usage.TotalTokenCount));
        Assert.Equal((2, 9), (usage.CachedInputTokenCount, usage.ReasoningTokenCount));
    }

    private static string Compact(string json) => JsonNode.Parse(json)!.ToJsonString();

    private sealed record Weather(string City, int Degrees);

    /// <summary>Lets calls pass when the gate is open.</summary>
    private sealed class Gate(Task open, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await open;
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
