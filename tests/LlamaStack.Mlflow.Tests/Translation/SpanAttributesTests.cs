using System.Diagnostics;
using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow.Tests.Translation;

public sealed class SpanAttributesTests : IDisposable
{
    private const string Input = "gen_ai.usage.input_tokens";
    private const string Output = "gen_ai.usage.output_tokens";
    private const string CacheRead = "gen_ai.usage.cache_read.input_tokens";
    private const string CacheCreation = "gen_ai.usage.cache_creation.input_tokens";

    private readonly TestSpans _spans = new();

    /// <summary>What a span says of its tokens, and what MLflow gets.</summary>
    public static TheoryData<string, (string, object?)[], string?> Usages() => new()
    {
        { "both", [(Input, 3L), (Output, 4L)], """{"input_tokens":3,"output_tokens":4,"total_tokens":7}""" },
        { "as int", [(Input, 3), (Output, 4)], """{"input_tokens":3,"output_tokens":4,"total_tokens":7}""" },
        { "input alone, as of embeddings", [(Input, 1000L)], """{"input_tokens":1000,"output_tokens":0,"total_tokens":1000}""" },
        { "output alone", [(Output, 4L)], """{"input_tokens":0,"output_tokens":4,"total_tokens":4}""" },
        { "zeros", [(Input, 0L), (Output, 0L)], """{"input_tokens":0,"output_tokens":0,"total_tokens":0}""" },
        { "cache", [(Input, 10L), (Output, 1L), (CacheRead, 6L), (CacheCreation, 2L)], """{"input_tokens":10,"output_tokens":1,"total_tokens":11,"cache_read_input_tokens":6,"cache_creation_input_tokens":2}""" },
        { "none", [], null },
        { "cache alone", [(CacheRead, 6L)], null },
        { "text, which is no count", [(Input, "3"), (Output, "4")], null },
    };

    public void Dispose() => _spans.Dispose();

    [Theory]
    [MemberData(nameof(Usages), DisableDiscoveryEnumeration = true)]
    public void Tokens_are_told_with_all_three_numbers(string what, (string, object?)[] tags, string? usage)
    {
        var attributes = AttributeList.Of(_spans.Call(GenAIApi.ChatCompletions, null, null, tags: tags));

        Assert.Equal(usage, attributes.GetValueOrDefault("mlflow.chat.tokenUsage"));
        Assert.Equal(usage is null ? null : """{"input_cost":0.0,"output_cost":0.0,"total_cost":0.0}""", attributes.GetValueOrDefault("mlflow.llm.cost"));
        Assert.NotEmpty(what);
    }

    [Fact]
    public void Where_MLflow_prices_calls_no_cost_is_sent() => Assert.DoesNotContain(
        "mlflow.llm.cost", AttributeList.Of(_spans.Call(GenAIApi.ChatCompletions, null, null, tags: [(Input, 1L)]), new MlflowTracingOptions { UseMlflowPricing = true }).Keys);

    [Fact]
    public void Tokens_of_a_trace_are_those_of_its_calls_once()
    {
        var agent = _spans.Span("invoke_agent", tags: [("gen_ai.operation.name", "invoke_agent"), (Input, 300L), (Output, 30L)]);
        IReadOnlyList<Activity> spans =
        [
            _spans.Call(GenAIApi.ChatCompletions, null, null, agent, (Input, 100L), (Output, 10L), (CacheRead, 7L)),
            _spans.Call(GenAIApi.Embeddings, null, null, agent, (Input, 50L)),
            _spans.Call(GenAIApi.ChatCompletions, null, null, agent),
            agent,
        ];

        var trace = new CompletedTrace([.. spans], agent);
        Assert.Equal("""{"input_tokens":150,"output_tokens":10,"total_tokens":160,"cache_read_input_tokens":7}""", SpanAttributes.TokensOf(trace)?.ToJson());
        Assert.Null(SpanAttributes.TokensOf(new CompletedTrace([agent], agent)));
        Assert.DoesNotContain("mlflow.chat.tokenUsage", AttributeList.Of(agent).Keys);
        Assert.False(SpanAttributes.Belongs(new ExportedSpan(agent), trace, Input, 7));
        Assert.False(SpanAttributes.Belongs(new ExportedSpan(agent), trace, "gen_ai.usage.reasoning.output_tokens", 7));
        Assert.True(SpanAttributes.Belongs(new ExportedSpan(agent), trace, "gen_ai.agent.name", 7));
        Assert.True(SpanAttributes.Belongs(new ExportedSpan(spans[0]), trace, Input, 7));
    }

    [Fact]
    public void A_span_of_another_library_above_an_exchange_is_no_second_call()
    {
        var outer = _spans.Span("chat m", ActivityKind.Client, tags: [("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "m"), (Input, 25L), (Output, 13L)]);
        var orchestration = _spans.Span("orchestrate_tools", parent: outer, tags: [("gen_ai.operation.name", "orchestrate_tools")]);
        var call = _spans.Call(GenAIApi.ChatCompletions, null, null, orchestration, (Input, 9L), (Output, 2L));
        var trace = new CompletedTrace([call, orchestration, outer], outer);

        var attributes = AttributeList.Of(outer, trace);

        Assert.Equal("CHAIN", attributes["mlflow.spanType"]);
        Assert.DoesNotContain(attributes.Keys, key => key is "mlflow.chat.tokenUsage" or "mlflow.llm.model" or "mlflow.llm.cost");
        Assert.False(SpanAttributes.Belongs(new ExportedSpan(outer), trace, Input, 7));
        Assert.Equal("""{"input_tokens":9,"output_tokens":2,"total_tokens":11}""", SpanAttributes.TokensOf(trace)?.ToJson());
        Assert.Equal("CHAT_MODEL", AttributeList.Of(outer)["mlflow.spanType"]);
    }

    [Theory]
    [InlineData("chat", true)]
    [InlineData("text_completion", true)]
    [InlineData("generate_content", true)]
    [InlineData("embeddings", true)]
    [InlineData("execute_tool", false)]
    [InlineData("invoke_agent", false)]
    [InlineData("orchestrate_tools", false)]
    [InlineData(null, false)]
    public void Other_libraries_model_calls_are_known_by_their_operation(string? operation, bool isCall)
    {
        var span = _spans.Span(tags: [("gen_ai.operation.name", operation), ("gen_ai.request.model", "asked"), ("gen_ai.provider.name", "openai"), (Input, 1L)]);

        var attributes = AttributeList.Of(span);

        Assert.Equal(isCall, SpanAttributes.IsModelCall(new ExportedSpan(span), new CompletedTrace([span], span)));
        Assert.Equal(isCall ? "asked" : null, attributes.GetValueOrDefault("mlflow.llm.model"));
        Assert.Equal(isCall ? "openai" : null, attributes.GetValueOrDefault("mlflow.llm.provider"));
        Assert.Equal(isCall, attributes.ContainsKey("mlflow.chat.tokenUsage"));
    }

    [Theory]
    [InlineData(GenAIApi.ChatCompletions, "CHAT_MODEL", "openai")]
    [InlineData(GenAIApi.Responses, "CHAT_MODEL", "openai")]
    [InlineData(GenAIApi.Completions, "LLM", "openai")]
    [InlineData(GenAIApi.Embeddings, "EMBEDDING", null)]
    internal void Type_format_model_and_provider_are_told_of_every_call(GenAIApi api, string type, string? format)
    {
        var attributes = AttributeList.Of(_spans.Call(api, null, null, tags: ("gen_ai.response.model", "answered")));

        Assert.Equal(type, attributes["mlflow.spanType"]);
        Assert.Equal(format, attributes.GetValueOrDefault("mlflow.message.format"));
        Assert.Equal("answered", attributes["mlflow.llm.model"]);
        Assert.Equal("llama_stack", attributes["mlflow.llm.provider"]);
    }

    [Fact]
    public void Of_a_failed_call_the_model_is_the_one_asked_for() =>
        Assert.Equal("m", AttributeList.Of(_spans.Call(GenAIApi.ChatCompletions, null, null))["mlflow.llm.model"]);

    [Theory]
    [InlineData("\"Hello \\\"you\\\"\"", "Hello \"you\"")]
    [InlineData("{\"a\":[1,null]}", "{\"a\":[1,null]}")]
    [InlineData("42", "42")]
    [InlineData("true", "true")]
    [InlineData("\"\"", "")]
    public void Plain_text_goes_without_quotes_and_structure_as_JSON(string json, string sent)
    {
        var attributes = AttributeList.Of(_spans.Manual("work", SpanType.Chain, json, json));

        Assert.Equal(sent, attributes["mlflow.spanInputs"]);
        Assert.Equal(sent, attributes["mlflow.spanOutputs"]);
    }

    [Fact]
    public void A_tool_shows_what_its_span_says_or_else_what_the_calls_around_it_say()
    {
        var root = _spans.Span("orchestrate_tools");
        var first = _spans.Call(
            GenAIApi.ChatCompletions,
            """{"messages":[{"role":"user","content":"?"}]}""",
            """{"choices":[{"message":{"tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c2","function":{"name":"g","arguments":"{\"b\":2}"}}]}}]}""",
            root);
        var told = _spans.Span("execute_tool f", parent: root, tags: [("gen_ai.operation.name", "execute_tool"), ("gen_ai.tool.name", "f"), ("gen_ai.tool.call.id", "c1")]);
        var own = _spans.Span("execute_tool g", parent: root, tags: [("gen_ai.operation.name", "execute_tool"), ("gen_ai.tool.name", "g"), ("gen_ai.tool.call.id", "c2"), ("gen_ai.tool.call.arguments", "own arguments"), ("gen_ai.tool.call.result", "own result")]);
        var unknown = _spans.Span("execute_tool h", parent: root, tags: [("gen_ai.operation.name", "execute_tool"), ("gen_ai.tool.name", "h"), ("gen_ai.tool.call.id", "c3")]);
        var second = _spans.Call(
            GenAIApi.ChatCompletions,
            """{"messages":[{"role":"tool","tool_call_id":"c1","content":"rain"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"sun"}]}]}""",
            """{"choices":[]}""",
            root);
        var trace = new CompletedTrace([first, told, own, unknown, second, root], root);

        Assert.Equal(("{\"a\":1}", "rain"), (AttributeList.Of(told, trace)["mlflow.spanInputs"], AttributeList.Of(told, trace)["mlflow.spanOutputs"]));
        Assert.Equal(("own arguments", "own result"), (AttributeList.Of(own, trace)["mlflow.spanInputs"], AttributeList.Of(own, trace)["mlflow.spanOutputs"]));
        Assert.DoesNotContain("mlflow.spanInputs", AttributeList.Of(unknown, trace).Keys);
        Assert.Equal("[{\"type\":\"text\",\"text\":\"sun\"}]", trace.ToolCalls.ResultOf("c2"));
    }

    [Fact]
    public void Tools_of_the_Responses_API_are_known_by_their_items()
    {
        var call = _spans.Call(
            GenAIApi.Responses,
            """{"input":[{"type":"function_call_output","call_id":"c0","output":"noon"}]}""",
            """{"output":[{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}]}""");

        var tools = new CompletedTrace([call], call).ToolCalls;

        Assert.Equal("{}", tools.ArgumentsOf("c1"));
        Assert.Equal("noon", tools.ResultOf("c0"));
        Assert.Null(tools.ResultOf("c1"));
    }

    [Fact]
    public void Without_content_nothing_of_it_is_told_and_all_else_is()
    {
        var root = _spans.Manual("work", SpanType.Chain, "\"planted\"", "\"planted\"");
        var call = _spans.Call(
            GenAIApi.ChatCompletions,
            """{"messages":[{"role":"user","content":"planted"}],"tools":[{"type":"function","function":{"name":"planted"}}]}""",
            """{"choices":[{"message":{"content":"planted"}}]}""",
            root,
            (Input, 1L));
        var trace = new CompletedTrace([call, root], root);
        var options = new MlflowTracingOptions { ContentCapture = ContentCapture.None };

        Assert.All(new[] { root, call }, span => Assert.DoesNotContain(AttributeList.Of(span, trace, options), attribute => attribute.Value.Contains("planted", StringComparison.Ordinal)));
        Assert.Contains("mlflow.chat.tokenUsage", AttributeList.Of(call, trace, options).Keys);
    }

    [Fact]
    public void A_request_shows_its_question_and_its_answer()
    {
        var root = _spans.Span("POST /chat", ActivityKind.Server);
        var first = _spans.Call(GenAIApi.ChatCompletions, """{"messages":[{"role":"user","content":"One \"quoted\"\né?"}]}""", """{"choices":[{"message":{"content":"one"}}]}""", root);
        var last = _spans.Call(GenAIApi.Responses, """{"input":"Two?"}""", """{"output":[{"type":"message","content":[{"type":"output_text","text":"Two \ud83d\ude00"}]}]}""", root);

        var attributes = AttributeList.Of(root, new CompletedTrace([first, last, root], root));

        Assert.Equal("One \"quoted\"\né?", JsonDocument.Parse(attributes["mlflow.spanInputs"]).RootElement.GetProperty("messages")[0].GetProperty("content").GetString());
        Assert.Equal("Two 😀", JsonDocument.Parse(attributes["mlflow.spanOutputs"]).RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("POST /chat", attributes["mlflow.traceTag.mlflow.traceName"]);
    }

    [Fact]
    public void What_a_root_says_itself_is_not_written_over()
    {
        var root = _spans.Manual("work", SpanType.Chain, "\"mine\"", "{\"mine\":true}");
        var call = _spans.Call(GenAIApi.ChatCompletions, """{"messages":[{"role":"user","content":"One?"}]}""", """{"choices":[{"message":{"content":"one"}}]}""", root);
        var trace = new CompletedTrace([call, root], root);

        var attributes = AttributeList.Of(root, trace);

        Assert.Equal("mine", attributes["mlflow.spanInputs"]);
        Assert.Equal("{\"mine\":true}", attributes["mlflow.spanOutputs"]);
        Assert.Equal("mine", trace.Summary!.RequestPreview);
        Assert.Null(trace.Summary.ResponsePreview);
    }

    [Theory]
    [InlineData("embeddings first")]
    [InlineData("embeddings last")]
    public void A_search_before_or_after_a_chat_is_not_its_question(string order)
    {
        var root = _spans.Span("POST /ask", ActivityKind.Server);
        List<Activity> calls =
        [
            _spans.Call(GenAIApi.Embeddings, """{"input":"searched for"}""", """{"data":[{"embedding":[1,2]}]}""", root),
            _spans.Call(GenAIApi.ChatCompletions, """{"messages":[{"role":"user","content":"Asked?"}]}""", """{"choices":[{"message":{"content":"answered"}}]}""", root),
        ];
        if (order == "embeddings last")
        {
            calls.Reverse();
        }

        var attributes = AttributeList.Of(root, new CompletedTrace([.. calls, root], root));

        Assert.Contains("Asked?", attributes["mlflow.spanInputs"], StringComparison.Ordinal);
        Assert.Contains("answered", attributes["mlflow.spanOutputs"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_that_only_embeds_shows_what()
    {
        var root = _spans.Span("POST /index", ActivityKind.Server);
        var call = _spans.Call(GenAIApi.Embeddings, """{"input":["a","b"]}""", """{"data":[{"embedding":[1,2]},{"embedding":[3,4]}]}""", root);

        var attributes = AttributeList.Of(root, new CompletedTrace([call, root], root));

        Assert.Equal("a\nb", JsonDocument.Parse(attributes["mlflow.spanInputs"]).RootElement.GetProperty("messages")[0].GetProperty("content").GetString());
        Assert.Contains("2 vectors of 2 numbers", attributes["mlflow.spanOutputs"], StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_do_not_stop_the_trace()
    {
        // A server that sends them is wrong; a batch of other traces must not pay for it.
        var root = _spans.Span("POST /ask", ActivityKind.Server);
        var call = _spans.Call(GenAIApi.Responses, "{\"input\":\"?\"}", null, root);
        var outputs = new PooledBytes();
        outputs.Append("{\"output\":[{\"type\":\"file_search_call\",\"id\":\"f\",\"queries\":[\"q"u8);
        outputs.Append([0xff, 0xfe]);
        outputs.Append("\"],\"results\":[{\"text\":\""u8);
        outputs.Append([0xc3, 0x28]);
        outputs.Append("\"}]}]}"u8);
        SpanContent.Of(call)!.Outputs = outputs;
        var trace = new CompletedTrace([call, root], root);

        var written = new PooledBytes();
        new OtlpTraces(new MlflowTracingOptions(), new TraceResource(() => null, null)).WriteSpans(trace, written);

        Assert.True(written.Length > 0);
        Assert.Contains("mlflow.chat.messages", AttributeList.Of(call, trace).Keys);
    }
}
