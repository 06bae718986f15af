using System.Diagnostics;
using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow.Tests.Translation;

/// <summary>Calls that are not model calls, or not of the usual kind, as MLflow's page draws them.</summary>
public sealed class OperationsTests : IDisposable
{
    private const string Search = """{"query":"red fox","max_num_results":2}""";
    private const string Found = """
        {"object":"vector_store.search_results.page","data":[{"file_id":"f-1","filename":"notes.txt","score":0.5,"attributes":{"lang":"en","score":9,"gone":null},"content":[{"type":"text","text":"The red fox"},{"type":"text","text":"lives in Oslo."}]}]}
        """;

    private readonly TestSpans _spans = new();

    public void Dispose() => _spans.Dispose();

    [Fact]
    public void A_search_has_a_list_of_documents()
    {
        var attributes = AttributeList.Of(Call(GenAIApi.VectorSearch, SpanType.Retriever, Search, Found, ("gen_ai.provider.name", "llama_stack")));

        Assert.Equal("RETRIEVER", attributes["mlflow.spanType"]);
        Assert.Equal(Search, attributes["mlflow.spanInputs"]);
        AssertJson("""[{"page_content":"The red fox\nlives in Oslo.","metadata":{"score":0.5,"filename":"notes.txt","lang":"en"},"id":"f-1"}]""", attributes["mlflow.spanOutputs"]);
        Assert.DoesNotContain("mlflow.llm.provider", attributes.Keys);
        Assert.DoesNotContain("mlflow.message.format", attributes.Keys);
    }

    [Theory]
    [InlineData("""{"chunks":[{"content":"a","chunk_id":"c1","metadata":{"page":1}},{"content":[{"type":"text","text":"b"}],"metadata":{"document_id":"d2"}}],"scores":[0.5]}""",
        """[{"page_content":"a","metadata":{"score":0.5,"page":1},"id":"c1"},{"page_content":"b","metadata":{"document_id":"d2"},"id":"d2"}]""")]
    [InlineData("""{"data":[{"file_id":"f","text":"as a file_search_call has it"}]}""", """[{"page_content":"as a file_search_call has it","metadata":{},"id":"f"}]""")]
    [InlineData("""{"data":[]}""", "[]")]
    [InlineData("""{"data":[7,null]}""", """[{"page_content":"","metadata":{}},{"page_content":"","metadata":{}}]""")]
    [InlineData("""{"something":"else"}""", null)]
    [InlineData("""{"data":[""", null)]
    public void Documents_are_read_from_every_form_of_a_search(string answer, string? documents)
    {
        var attributes = AttributeList.Of(Call(GenAIApi.VectorSearch, SpanType.Retriever, Search, answer));

        if (documents is null)
        {
            Assert.DoesNotContain("mlflow.spanOutputs", attributes.Keys);
        }
        else
        {
            AssertJson(documents, attributes["mlflow.spanOutputs"]);
        }
    }

    [Fact]
    public void A_stored_response_is_a_chat_without_model_and_tokens()
    {
        var attributes = AttributeList.Of(Call(
            GenAIApi.StoredResponse, SpanType.Chain, null, """{"output":[{"type":"file_search_call","id":"f","queries":["q"]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Yes."}]}]}""",
            ("gen_ai.response.id", "resp_\"1"), ("gen_ai.response.model", "m")));

        Assert.Equal("CHAIN", attributes["mlflow.spanType"]);
        Assert.Equal("openai", attributes["mlflow.message.format"]);
        AssertJson("""{"response_id":"resp_\"1"}""", attributes["mlflow.spanInputs"]);
        Assert.Contains("Yes.", attributes["mlflow.chat.messages"], StringComparison.Ordinal);
        Assert.DoesNotContain("mlflow.llm.model", attributes.Keys);
        Assert.DoesNotContain("mlflow.chat.tokenUsage", attributes.Keys);
    }

    [Theory]
    [InlineData(GenAIApi.Moderations, """{"input":"words"}""", """{"results":[{"flagged":true,"categories":{"violence":true,"hate":false}},{"flagged":true}]}""", "words", "violence")]
    [InlineData(GenAIApi.Moderations, """{"input":["a","b"]}""", """{"results":[{"flagged":false,"categories":{"violence":false}}]}""", "a\nb", "not flagged")]
    [InlineData(GenAIApi.Moderations, """{"input":"a"}""", """{"results":[{"flagged":true,"categories":{}}]}""", "a", "flagged")]
    [InlineData(GenAIApi.Moderations, """{"input":"a"}""", """{"results":[]}""", "a", null)]
    [InlineData(GenAIApi.VectorSearch, """{"query":["a","b"]}""", """{"data":[{"text":"x \"1\""},{"text":"y"}]}""", "a\nb", "x \"1\"\ny")]
    [InlineData(GenAIApi.VectorSearch, """{"query":"a"}""", """{"data":[]}""", "a", "no documents")]
    [InlineData(GenAIApi.Rerank, """{"query":"q","items":["a","b"]}""", """{"data":[{"index":1,"relevance_score":1.0},{"index":0,"relevance_score":0.12345}]}""", "q", "1 (1), 0 (0.1235)")]
    [InlineData(GenAIApi.Rerank, """{"query":"q"}""", """{"results":[{"index":1,"relevance_score":1.0}]}""", "q", "1 (1)")]
    [InlineData(GenAIApi.Rerank, """{"query":"q"}""", """[{"index":1,"score":0.5}]""", "q", "1 (0.5)")]
    [InlineData(GenAIApi.ToolInvocation, """{"tool_name":"t","kwargs":{"city":"Oslo"}}""", """{"content":"It rains."}""", """{"city":"Oslo"}""", "It rains.")]
    [InlineData(GenAIApi.ToolInvocation, """{"tool_name":"t"}""", """{"content":[{"type":"text","text":"It \"rains\"."}]}""", null, """[{"type":"text","text":"It \"rains\"."}]""")]
    internal void Question_and_outcome_are_told_in_words(GenAIApi api, string request, string response, string? question, string? answer)
    {
        var root = Call(api, SpanType.Tool, request, response);
        var summary = new CompletedTrace([root], root).Summary!;

        Assert.Equal(question, summary.RequestPreview);
        Assert.Equal(answer, summary.ResponsePreview);
    }

    [Fact]
    public void A_trace_is_about_its_model_calls_also_where_it_searches_first_and_moderates_last()
    {
        var root = _spans.Span("POST /ask", ActivityKind.Server);
        var search = Call(GenAIApi.VectorSearch, SpanType.Retriever, Search, Found, root);
        var fetched = Call(GenAIApi.StoredResponse, SpanType.Chain, null, """{"output":[]}""", root);
        var chat = _spans.Call(GenAIApi.ChatCompletions, """{"messages":[{"role":"user","content":"Where?"}]}""", """{"choices":[{"message":{"content":"In Oslo."}}]}""", root);
        var moderation = Call(GenAIApi.Moderations, SpanType.Guardrail, """{"input":"In Oslo."}""", """{"results":[{"flagged":false}]}""", root);

        var attributes = AttributeList.Of(root, new CompletedTrace([search, fetched, chat, moderation, root], root));

        AssertJson("""{"messages":[{"role":"user","content":"Where?"}]}""", attributes["mlflow.spanInputs"]);
        AssertJson("""{"choices":[{"index":0,"message":{"role":"assistant","content":"In Oslo."}}]}""", attributes["mlflow.spanOutputs"]);
    }

    [Fact]
    public void A_response_made_in_the_background_answers_when_it_is_fetched()
    {
        var root = _spans.Span("job");
        var made = _spans.Call(GenAIApi.Responses, """{"input":"Where?","background":true}""", """{"status":"queued","output":[]}""", root);
        var fetched = Call(GenAIApi.StoredResponse, SpanType.Chain, null, """{"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"In Oslo."}]}]}""", root);

        var attributes = AttributeList.Of(root, new CompletedTrace([made, fetched, root], root));

        AssertJson("""{"messages":[{"role":"user","content":"Where?"}]}""", attributes["mlflow.spanInputs"]);
        AssertJson("""{"choices":[{"index":0,"message":{"role":"assistant","content":"In Oslo."}}]}""", attributes["mlflow.spanOutputs"]);
    }

    [Fact]
    public void A_search_below_another_librarys_call_does_not_make_that_a_chain()
    {
        var chat = _spans.Span("chat m", ActivityKind.Client, tags: ("gen_ai.operation.name", "chat"));
        var search = Call(GenAIApi.VectorSearch, SpanType.Retriever, Search, Found, chat);

        Assert.Equal("CHAT_MODEL", AttributeList.Of(chat, new CompletedTrace([search, chat], chat))["mlflow.spanType"]);
    }

    [Fact]
    public void Cached_tokens_count_by_the_name_of_the_newer_convention_too()
    {
        var call = _spans.Call(GenAIApi.ChatCompletions, null, null, null, ("gen_ai.usage.input_tokens", 10L), ("gen_ai.usage.output_tokens", 1L), ("gen_ai.usage.cache_write.input_tokens", 4L));

        Assert.Equal("""{"input_tokens":10,"output_tokens":1,"total_tokens":11,"cache_creation_input_tokens":4}""", AttributeList.Of(call)["mlflow.chat.tokenUsage"]);
    }

    private Activity Call(GenAIApi api, SpanType type, string? request, string? response, params IEnumerable<(string, object?)> tags) => Call(api, type, request, response, null, tags);

    private Activity Call(GenAIApi api, SpanType type, string? request, string? response, Activity? parent, params IEnumerable<(string, object?)> tags)
    {
        var span = _spans.Span($"{api}", ActivityKind.Client, parent, tags);
        new SpanContent(type) { Api = api, Inputs = request is null ? null : TestSpans.Bytes(request), Outputs = response is null ? null : TestSpans.Bytes(response) }.AttachTo(span);
        return span;
    }

    private static void AssertJson(string expected, string actual) =>
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, JsonDocument.Parse(actual).RootElement), $"expected {expected}\nactual   {actual}");
}
