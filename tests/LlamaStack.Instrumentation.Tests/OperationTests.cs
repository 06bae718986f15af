using System.Diagnostics;
using System.Text.Json.Nodes;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>What a request is, by its method and path; and what its exchange says.</summary>
public sealed class OperationTests
{
    [Theory]
    [InlineData("POST", "http://localhost:8321/v1/chat/completions", "chat m")]
    [InlineData("POST", "http://localhost:8321/v1/openai/v1/chat/completions", "chat m")]
    [InlineData("POST", "http://localhost:8000/v1/chat/completions/", "chat m")]
    [InlineData("POST", "http://localhost:8080/chat/completions", "chat m")]
    [InlineData("POST", "http://localhost:8080/proxy/llm/V1/Chat/Completions", "chat m")]
    [InlineData("POST", "https://x.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21", "chat m")]
    [InlineData("POST", "https://x.openai.azure.com/openai/v1/responses?api-version=preview", "chat m")]
    [InlineData("POST", "http://localhost:8080/v1/completions", "text_completion m")]
    [InlineData("POST", "http://localhost:8321/v1/responses", "chat m")]
    [InlineData("POST", "http://localhost:8321/v1/responses/compact", "chat m")]
    [InlineData("GET", "http://localhost:8321/v1/responses/resp_1", "fetch_response")]
    [InlineData("GET", "http://localhost:8321/v1/responses/resp_1?include=x&stream=true", "fetch_response")]
    [InlineData("POST", "http://localhost:11434/v1/embeddings", "embeddings m")]
    [InlineData("POST", "http://localhost:8321/v1/moderations", "moderation m")]
    [InlineData("POST", "http://localhost:8321/v1/vector_stores/vs_1/search", "retrieval vs_1")]
    [InlineData("POST", "http://localhost:8321/v1/vector-io/query", "retrieval vs_body")]
    [InlineData("POST", "http://localhost:8321/v1alpha/inference/rerank", "rerank m")]
    [InlineData("POST", "http://localhost:8000/v1/rerank", "rerank m")]
    [InlineData("POST", "http://localhost:8080/reranking", "rerank m")]
    [InlineData("POST", "http://localhost:8321/v1/tool-runtime/invoke", "execute_tool t")]
    [InlineData("GET", "http://localhost:8321/v1/chat/completions", null)]
    [InlineData("GET", "http://localhost:8321/v1/chat/completions/chatcmpl-1", null)]
    [InlineData("GET", "http://localhost:8321/v1/responses", null)]
    [InlineData("GET", "http://localhost:8321/v1/responses/", null)]
    [InlineData("GET", "http://localhost:8321/v1/responses/resp_1/input_items", null)]
    [InlineData("POST", "http://localhost:8321/v1/responses/resp_1/cancel", null)]
    [InlineData("DELETE", "http://localhost:8321/v1/responses/resp_1", null)]
    [InlineData("POST", "http://localhost:8321/v1/responses/input_tokens", null)]
    [InlineData("POST", "http://localhost:8321/v1/vector_stores", null)]
    [InlineData("POST", "http://localhost:8321/v1/vector_stores//search", null)]
    [InlineData("POST", "http://localhost:8321/v1/vector_stores/vs_1/files", null)]
    [InlineData("POST", "http://localhost:8321/v1/search", null)]
    [InlineData("POST", "http://localhost:8321/v1/vector-io/insert", null)]
    [InlineData("GET", "http://localhost:8321/v1/models", null)]
    [InlineData("POST", "http://localhost:11434/api/chat", null)]
    [InlineData("POST", "http://localhost:8321/v1/xcompletions", null)]
    public async Task The_path_says_what_a_request_is(string method, string url, string? name)
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("{}")));
        using var request = new HttpRequestMessage(new HttpMethod(method), url);
        if (method is "POST")
        {
            request.Content = new StringContent("""{"model":"m","tool_name":"t","vector_store_id":"vs_body"}""");
        }

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(name is null ? [] : [name], spans.Spans.Select(span => span.DisplayName));
    }

    [Theory]
    [InlineData("""{"messages":[]}""", "gpt-4o eu")]
    [InlineData("""{"model":null,"messages":[]}""", "gpt-4o eu")]
    [InlineData("""{"model":"gpt-5","messages":[]}""", "gpt-5")]
    public async Task Azure_names_the_model_in_the_path(string body, string model)
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("{}")));

        await Calls.ReadAll(client, "https://x.openai.azure.com/openai/deployments/gpt-4o%20eu/chat/completions?api-version=2024-10-21", body);

        var span = spans.Only();
        Assert.Equal($"chat {model}", span.DisplayName);
        Assert.Equal(model, span.GetTagItem("gen_ai.request.model"));
        Assert.Equal("azure.ai.openai", span.GetTagItem("gen_ai.provider.name"));
    }

    [Fact]
    public async Task A_search_tells_its_store_its_question_and_the_documents_found()
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("vector-stores", "search"));

        var span = spans.Only();
        Assert.Equal(SpanType.Retriever, SpanContent.Of(span)!.Type);
        Assert.Equal("retrieval", span.GetTagItem("gen_ai.operation.name"));
        Assert.Equal("vs_fd24c770-1294-41a1-bc3d-3c58ac05fef0", span.GetTagItem("gen_ai.data_source.id"));
        Assert.Equal(2.0, span.GetTagItem("gen_ai.request.top_k"));
        Assert.Equal("red fox", span.GetTagItem("gen_ai.retrieval.query.text"));
        AssertJson(
            """[{"id":"41d2e790-1907-454e-8704-73cd01daa13c","score":0.4791388098410309,"content":"OGX is a server. The red fox lives in Oslo.","filename":"notes.txt"}]""",
            span.GetTagItem("gen_ai.retrieval.documents"));
        Assert.Null(span.GetTagItem("gen_ai.request.model"));
    }

    [Fact]
    public async Task A_vector_query_in_LlamaStacks_own_form_tells_the_same()
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("vector-stores", "chunks-query"));

        var span = spans.Only();
        Assert.Equal("retrieval vs_fd24c770-1294-41a1-bc3d-3c58ac05fef0", span.DisplayName);
        var documents = JsonNode.Parse((string)span.GetTagItem("gen_ai.retrieval.documents")!)!.AsArray();
        Assert.Equal(["c1", "2460fdd3-e3c8-d710-b634-c28ab5457106", "9a7a9462-c6c2-b795-a7ed-c32e217b0e9e"], documents.Select(document => (string)document!["id"]!));
        Assert.Equal(0.41275361497346624, (double)documents[1]!["score"]!);
        Assert.Equal("Chunk text", (string)documents[0]!["content"]!);
    }

    [Fact]
    public async Task Several_questions_are_told_in_lines()
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("vector-stores", "search-hybrid"));

        Assert.Equal("fox\noslo", spans.Only().GetTagItem("gen_ai.retrieval.query.text"));
    }

    [Theory]
    [InlineData("vector-stores", "error-search-unknown", "retrieval vs_nope", "400", "Vector_store 'vs_nope' not found")]
    [InlineData("rerank", "error-model-llm", null, "400", null)]
    [InlineData("rerank", "error-v1-path", null, "404", null)]
    [InlineData("responses", "get-unknown", "fetch_response", "404", null)]
    [InlineData("removed", "moderations", null, "404", null)]
    [InlineData("removed", "tool-runtime-invoke", null, "404", null)]
    public async Task A_refusal_is_an_error(string folder, string name, string? span, string type, string? words)
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live(folder, name));

        var failed = spans.Only();
        Assert.Equal(span ?? failed.DisplayName, failed.DisplayName);
        Assert.Equal(type, failed.GetTagItem("error.type"));
        Assert.Equal(ActivityStatusCode.Error, failed.Status);
        Assert.Equal(words ?? failed.StatusDescription, failed.StatusDescription);
    }

    [Fact]
    public async Task A_rerank_has_a_model_and_no_tokens()
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("rerank", "plain"));

        var span = spans.Only();
        Assert.Equal("rerank stub/stub-rerank", span.DisplayName);
        Assert.Equal(SpanType.Reranker, SpanContent.Of(span)!.Type);
        Assert.Equal("""{"data":[{"index":1,"relevance_score":1.0},{"index":2,"relevance_score":0.5}]}""", Calls.Outputs(span));
        Assert.DoesNotContain(span.TagObjects, tag => tag.Key.StartsWith("gen_ai.usage.", StringComparison.Ordinal));
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
    }

    [Fact]
    public async Task A_rerank_that_is_answered_by_a_bare_array_is_no_failure()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("""[{"index":0,"score":0.9}]""")));

        await Calls.ReadAll(client, "http://localhost:8080/rerank", """{"query":"q","texts":["a"]}""");

        Assert.Equal(ActivityStatusCode.Unset, spans.Only().Status);
    }

    [Fact]
    public async Task A_moderation_is_a_guardrail()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("""{"id":"modr-1","model":"guard-1","results":[{"flagged":true,"categories":{"violence":true}}]}""")));

        await Calls.ReadAll(client, "http://models.example:8321/v1/moderations", """{"model":"guard","input":"words"}""");

        var span = spans.Only();
        Assert.Equal("moderation guard", span.DisplayName);
        Assert.Equal(SpanType.Guardrail, SpanContent.Of(span)!.Type);
        Assert.Equal("guard-1", span.GetTagItem("gen_ai.response.model"));
        Assert.Equal("modr-1", span.GetTagItem("gen_ai.response.id"));
    }

    [Fact]
    public async Task A_tool_that_the_server_runs_tells_arguments_and_result()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("""{"content":"It rains.","error_message":null,"error_code":null,"metadata":null}""")));

        await Calls.ReadAll(client, "http://models.example:8321/v1/tool-runtime/invoke", """{"tool_name":"weather","kwargs":{"city":"Oslo"}}""");

        var span = spans.Only();
        Assert.Equal("execute_tool weather", span.DisplayName);
        Assert.Equal(SpanType.Tool, SpanContent.Of(span)!.Type);
        Assert.Equal(("weather", "extension"), (span.GetTagItem("gen_ai.tool.name"), span.GetTagItem("gen_ai.tool.type")));
        Assert.Equal("""{"city":"Oslo"}""", span.GetTagItem("gen_ai.tool.call.arguments"));
        Assert.Equal("It rains.", span.GetTagItem("gen_ai.tool.call.result"));
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
    }

    [Fact]
    public async Task A_tool_that_fails_inside_a_200_failed()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("""{"content":"","error_message":"No such city.","error_code":1}""")));

        await Calls.ReadAll(client, "http://models.example:8321/v1/tool-runtime/invoke", """{"tool_name":"weather","kwargs":{}}""");

        var span = spans.Only();
        Assert.Equal("tool_error", span.GetTagItem("error.type"));
        Assert.Equal("No such city.", span.StatusDescription);
    }

    /// <summary>How far a stored response has come when it is fetched, and how it ended.</summary>
    [Theory]
    [InlineData("get", "completed", "stop")]
    [InlineData("get-function-call", "completed", "tool_calls")]
    [InlineData("background-poll-1", "queued", null)]
    [InlineData("background-poll-done", "completed", "stop")]
    [InlineData("background-cancelled-get", "cancelled", "error")]
    [InlineData("background-failed-get", "failed", "error")]
    [InlineData("abort-get", "in_progress", null)]
    [InlineData("get-with-include-and-stream-query", "completed", "stop")]
    public async Task Tokens_of_a_stored_response_do_not_count_twice(string exchange, string status, string? finishReason)
    {
        using var spans = Calls.Collect();
        var recorded = Fixtures.Live("responses", exchange);
        await Replay.Run(recorded);

        var span = spans.Only();
        Assert.Equal("fetch_response", span.GetTagItem("gen_ai.operation.name"));
        Assert.Equal(status, span.GetTagItem("gen_ai.response.status"));
        Assert.Equal(finishReason is null ? null : [finishReason], Calls.Tag<string[]>(span, "gen_ai.response.finish_reasons"));
        Assert.DoesNotContain(span.TagObjects, tag => tag.Key.StartsWith("gen_ai.usage.", StringComparison.Ordinal));
        Assert.Equal(recorded.Path.Split('/', '?')[3], span.GetTagItem("gen_ai.response.id"));

        // That the response had failed is what the fetch found out, successfully.
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
        Assert.Null(span.GetTagItem("gen_ai.input.messages"));
        Assert.Equal(finishReason is "stop" or "tool_calls", span.GetTagItem("gen_ai.output.messages") is string messages && messages.Contains("\"type\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stored_response_that_is_streamed_again_counts_no_tokens_either()
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("responses", "stream") with { Method = "GET", Request = null, Path = "/v1/responses/resp_1?stream=true&starting_after=4" });

        var span = spans.Only();
        Assert.Equal("completed", span.GetTagItem("gen_ai.response.status"));
        Assert.Equal("4", span.GetTagItem("gen_ai.request.stream_cursor"));
        Assert.Equal(true, span.GetTagItem("gen_ai.request.stream"));
        Assert.DoesNotContain(span.TagObjects, tag => tag.Key.StartsWith("gen_ai.usage.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Compacting_a_conversation_is_a_model_call_with_tokens()
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("responses", "compact"));

        var span = spans.Only();
        Assert.Equal("chat stub/stub-chat", span.DisplayName);
        Assert.Equal((78L, 20L), (span.GetTagItem("gen_ai.usage.input_tokens"), span.GetTagItem("gen_ai.usage.output_tokens")));
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
    }

    private static void AssertJson(string expected, object? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse((string)actual!)), $"expected {expected}\nactual   {actual}");
}
