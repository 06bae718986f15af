using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Client.Tests;

/// <summary>The calls of the typed client, and what its records make easy.</summary>
public sealed class ClientTests
{
    [Fact]
    public async Task A_chat_is_completed()
    {
        var server = new StubServer().File("llamastack-live/chat/plain.response.json");
        var completion = await server.Client().CreateChatCompletionAsync(
            new ChatCompletionRequest
            {
                Model = "stub/stub-chat",
                Messages =
                [
                    ChatCompletionMessage.System("Be short."),
                    ChatCompletionMessage.User(new ChatContent(ChatContentPart.OfText("What is this?"), ChatContentPart.OfImage("data:image/png;base64,AA==", "low"))),
                    ChatCompletionMessage.Assistant("A dot."),
                    ChatCompletionMessage.Tool("call_1", "21"),
                ],
                Temperature = 0.7,
                Tools = [ChatTool.OfFunction("get_weather", "Weather of a city", JsonElement.Parse("""{"type":"object"}"""))],
                ToolChoice = "required",
                ExtensionData = new Dictionary<string, JsonElement> { ["top_k"] = JsonElement.Parse("40") },
            },
            Ct);

        JsonAssert.Equal(
            """
            {"model":"stub/stub-chat","messages":[{"role":"system","content":"Be short."},
             {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA==","detail":"low"}}]},
             {"role":"assistant","content":"A dot."},{"role":"tool","tool_call_id":"call_1","content":"21"}],"temperature":0.7,
             "tools":[{"type":"function","function":{"name":"get_weather","description":"Weather of a city","parameters":{"type":"object"}}}],
             "tool_choice":"required","top_k":40}
            """,
            server.Calls.Single().Body!);
        Assert.Equal("Hello from the stub. You said: Hi there", completion.OutputText);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1790000000), completion.Created);
        Assert.Equal((5, 8, 13, 2, 0), (completion.Usage!.PromptTokens, completion.Usage.CompletionTokens, completion.Usage.TotalTokens,
            completion.Usage.PromptTokensDetails!.CachedTokens, completion.Usage.CompletionTokensDetails!.ReasoningTokens));
        Assert.True(completion.ExtensionData!.ContainsKey("metadata"));
    }

    [Fact]
    public async Task A_response_is_created_continued_and_fetched()
    {
        var server = new StubServer().File("llamastack-live/responses/mcp.response.json").File("llamastack-live/responses/get.response.json");
        var client = server.Client();
        var response = await client.CreateResponseAsync(
            new ResponseRequest
            {
                Model = "stub/stub-chat",
                Input = new ResponseItem[] { new ResponseMessageItem { Role = "user", Content = "Roll" }, new ResponseFunctionCallOutputItem { CallId = "c", Output = "4" } },
                Conversation = "conv_1",
                Guardrails = true,
                Tools =
                [
                    new ResponseFunctionTool { Name = "roll", Parameters = JsonElement.Parse("{}") },
                    new ResponseFileSearchTool { VectorStoreIds = ["vs_1"] },
                    new ResponseWebSearchTool(),
                    new ResponseMcpTool { ServerLabel = "dice", ServerUrl = "http://dice.test", RequireApproval = "never", AllowedTools = new JsonArray("roll_dice") },
                ],
                ToolChoice = new ResponseFunctionTool { Name = "roll" }.ToToolChoice(),
            },
            Ct);
        var fetched = await client.GetResponseAsync("resp_1/ä", Ct);

        JsonAssert.Equal(
            """
            {"model":"stub/stub-chat","input":[{"type":"message","role":"user","content":"Roll"},{"type":"function_call_output","call_id":"c","output":"4"}],
             "conversation":"conv_1","guardrails":true,"tool_choice":{"type":"function","name":"roll"},
             "tools":[{"type":"function","name":"roll","parameters":{}},{"type":"file_search","vector_store_ids":["vs_1"]},{"type":"web_search"},
              {"type":"mcp","server_label":"dice","server_url":"http://dice.test","require_approval":"never","allowed_tools":["roll_dice"]}]}
            """,
            server.Calls[0].Body!);
        Assert.Equal("http://llama.test:8321/v1/responses/resp_1%2F%C3%A4", server.Calls[1].Message.RequestUri!.AbsoluteUri);
        Assert.Equal("completed", fetched.Status);
        Assert.Equal("The tool said: You rolled a 4", response.OutputText);
        Assert.Collection(
            response.Output,
            item => Assert.Equal("roll_dice", Assert.IsType<ResponseMcpListToolsItem>(item).Tools![0].Name),
            item => Assert.Equal("You rolled a 4", Assert.IsType<ResponseMcpCallItem>(item).Output),
            item => Assert.Equal("assistant", Assert.IsType<ResponseMessageItem>(item).Role));
    }

    [Fact]
    public async Task A_guardrails_refusal_is_at_hand()
    {
        var response = await new StubServer().File("llamastack-live/responses/guardrails-input-flagged.response.json").Client().CreateResponseAsync(new ResponseRequest(), Ct);
        Assert.StartsWith("Content blocked", response.Refusal, StringComparison.Ordinal);
        Assert.Equal("", response.OutputText);
    }

    [Fact]
    public void Items_tools_and_events_of_tomorrow_are_kept()
    {
        const string Json = """
            {"output":[{"id":"x_1","type":"shell_call","status":"completed","commands":["ls"]},"?"],"tools":[{"type":"shell","limit":3}]}
            """;
        Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize(Json, Wire.Json.ResponseObject));
        var response = JsonSerializer.Deserialize(Json.Replace(",\"?\"", "", StringComparison.Ordinal), Wire.Json.ResponseObject)!;
        var item = Assert.IsType<ResponseUnknownItem>(Assert.Single(response.Output));
        Assert.Equal(("x_1", "shell_call", "completed"), (item.Id, item.Type, item.Status));
        Assert.Equal("""["ls"]""", item.ExtensionData!["commands"].GetRawText());
        Assert.Equal(("shell", "3"), (Assert.IsType<ResponseUnknownTool>(response.Tools![0]).Type, response.Tools[0].ExtensionData!["limit"].GetRawText()));

        var happened = JsonSerializer.Deserialize("""{"sequence_number":4,"what":1,"type":"response.shell_call.started"}""", Wire.Json.ResponseStreamEvent);
        Assert.Equal(("response.shell_call.started", 4), (Assert.IsType<ResponseUnknownEvent>(happened).Type, happened.SequenceNumber));
    }

    [Fact]
    public async Task A_vector_store_is_searched()
    {
        var server = new StubServer().File("llamastack-live/vector-stores/search.response.json");
        var found = await server.Client().SearchVectorStoreAsync("vs 1", new VectorStoreSearchRequest { Query = "red fox", MaxNumResults = 2 }, Ct);

        Assert.EndsWith("/v1/vector_stores/vs%201/search", server.Calls.Single().Message.RequestUri!.AbsoluteUri, StringComparison.Ordinal);
        JsonAssert.Equal("""{"query":"red fox","max_num_results":2}""", server.Calls.Single().Body!);
        var hit = Assert.Single(found.Data);
        Assert.Equal(("notes.txt", "41d2e790-1907-454e-8704-73cd01daa13c"), (hit.Filename, hit.FileId));
        Assert.Equal(0.4791388098410309, hit.Score);
        Assert.Equal("en", hit.Attributes["lang"].GetString());
        Assert.Equal("OGX is a server. The red fox lives in Oslo.", Assert.Single(hit.Content).Text);
    }

    [Theory]
    [InlineData("llamastack-live/embeddings/float.response.json", "llamastack-live/embeddings/base64.response.json")]
    [InlineData("llamastack-live/llama-stack-0.7.3/embeddings.response.json", "llamastack-live/llama-stack-0.7.3/embeddings-base64.response.json")]
    public async Task Vectors_are_the_same_in_either_encoding(string asNumbers, string asBase64)
    {
        var client = new StubServer().File(asNumbers).File(asBase64).Client();
        var numbers = await client.CreateEmbeddingsAsync(new EmbeddingsRequest { Model = "m", Input = "text" }, Ct);
        var base64 = await client.CreateEmbeddingsAsync(new EmbeddingsRequest { Model = "m", Input = "text", EncodingFormat = "base64" }, Ct);

        Assert.NotEmpty(numbers.Data);
        Assert.Equal(numbers.Data.Select(vector => vector.Embedding.ToArray()), base64.Data.Select(vector => vector.Embedding.ToArray()));
        Assert.Equal(numbers.Usage!.PromptTokens, base64.Usage!.PromptTokens);
    }

    [Theory]
    [InlineData("llamastack-live/embeddings/batch.response.json")]
    [InlineData("llamastack-live/embeddings/dimensions.response.json")]
    [InlineData("llamastack-live/embeddings/user-extra.response.json")]
    [InlineData("llamastack-wire/resources/embeddings-float.json")]
    [InlineData("llamastack-wire/resources/embeddings-base64.json")]
    public async Task An_embeddings_answer_is_read_whole(string file)
    {
        var answer = await new StubServer().File(file).Client().CreateEmbeddingsAsync(new EmbeddingsRequest(), Ct);
        var expected = Fixtures.Json(file);
        Assert.Equal(expected.GetProperty("model").GetString(), answer.Model);
        Assert.Equal(expected.GetProperty("usage").GetProperty("total_tokens").GetInt64(), answer.Usage!.TotalTokens);
        Assert.Equal(expected.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("index").GetInt32()), answer.Data.Select(vector => vector.Index));
        foreach (var (item, vector) in expected.GetProperty("data").EnumerateArray().Zip(answer.Data))
        {
            var embedding = item.GetProperty("embedding");
            Assert.Equal(embedding.ValueKind == JsonValueKind.String ? embedding.GetBytesFromBase64().Length / 4 : embedding.GetArrayLength(), vector.Embedding.Length);
        }
    }

    [Theory]
    [InlineData("\"AAAA\"")]
    [InlineData("\"?\"")]
    [InlineData("7")]
    [InlineData("[\"a\"]")]
    public async Task What_is_no_vector_is_an_error(string embedding)
    {
        var server = new StubServer().Json($$"""{"data":[{"index":0,"embedding":{{embedding}}}]}""");
        await Assert.ThrowsAsync<LlamaStackException>(() => server.Client().CreateEmbeddingsAsync(new EmbeddingsRequest(), Ct));
    }

    [Fact]
    public async Task Embeddings_are_asked_for_without_nulls()
    {
        var server = new StubServer().File("llamastack-live/embeddings/batch.response.json");
        await server.Client().CreateEmbeddingsAsync(new EmbeddingsRequest { Model = "m", Input = new EmbeddingsInput("a", "b") }, Ct);
        Assert.Equal("""{"model":"m","input":["a","b"]}""", server.Calls.Single().Body);
    }

    [Fact]
    public async Task Models_are_listed_in_any_shape()
    {
        var client = new StubServer().File("llamastack-live/models/list.response.json").File("llamastack-live/llama-stack-0.7.3/models-list.response.json")
            .File("llamastack-wire/legacy/legacy-models-list-0.2-to-0.3.json").Client();
        foreach (var owner in new[] { "ogx", "llama_stack", null })
        {
            var models = await client.ListModelsAsync(Ct);
            Assert.NotEmpty(models);
            Assert.All(models, model =>
            {
                Assert.NotEmpty(model.Id);
                Assert.Contains(model.ModelType, (string[])["llm", "embedding", "rerank"]);
                Assert.NotNull(model.ProviderId);
                Assert.NotNull(model.ProviderResourceId);
                Assert.Equal(owner, model.OwnedBy);
            });
        }
    }

    [Fact]
    public async Task A_model_is_fetched_by_an_id_with_slashes()
    {
        var server = new StubServer().File("llamastack-live/models/get.response.json").File("llamastack-live/llama-stack-0.7.3/models-get.response.json");
        var model = await server.Client().GetModelAsync("vllm/Qwen/Qwen3 0.6B:ä?", Ct);
        var old = await server.Client().GetModelAsync("stub/stub-chat", Ct);
        Assert.Equal("http://llama.test:8321/v1/models/vllm/Qwen/Qwen3%200.6B%3A%C3%A4%3F", server.Calls[0].Message.RequestUri!.AbsoluteUri);
        Assert.Equal(("stub/stub-chat", "llm", "stub", "stub-chat"), (model.Id, model.ModelType, model.ProviderId, model.ProviderResourceId));
        Assert.Equal("stub/stub-chat", old.Id);
    }

    [Fact]
    public async Task Health_and_version_are_told()
    {
        var server = new StubServer().File("llamastack-live/admin/health.response.json").File("llamastack-live/admin/version.response.json");
        Assert.Equal("OK", (await server.Client().GetHealthAsync(Ct)).Status);
        Assert.Equal("1.5.0", (await server.Client().GetVersionAsync(Ct)).Version);
        Assert.Equal(["GET /v1/health", "GET /v1/version"], server.Calls.Select(call => $"{call.Message.Method} {call.Message.RequestUri!.AbsolutePath}"));
    }
}
