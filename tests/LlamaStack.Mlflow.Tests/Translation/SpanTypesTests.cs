using System.Diagnostics;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow.Tests.Translation;

public sealed class SpanTypesTests : IDisposable
{
    private readonly TestSpans _spans = new();

    public void Dispose() => _spans.Dispose();

    [Theory]
    [InlineData("chat", "CHAT_MODEL")]
    [InlineData("text_completion", "LLM")]
    [InlineData("generate_content", "LLM")]
    [InlineData("embeddings", "EMBEDDING")]
    [InlineData("execute_tool", "TOOL")]
    [InlineData("invoke_agent", "AGENT")]
    [InlineData("create_agent", "AGENT")]
    [InlineData("retrieval", "RETRIEVER")]
    [InlineData("orchestrate_tools", "CHAIN")]
    [InlineData(null, "CHAIN")]
    public void Spans_of_other_libraries_have_the_type_of_their_operation(string? operation, string type) =>
        Assert.Equal(type, TypeOf(_spans.Span(tags: [("gen_ai.operation.name", operation)])));

    [Theory]
    [InlineData(SpanType.Chain, "CHAIN")]
    [InlineData(SpanType.Agent, "AGENT")]
    [InlineData(SpanType.Tool, "TOOL")]
    [InlineData(SpanType.ChatModel, "CHAT_MODEL")]
    [InlineData(SpanType.Llm, "LLM")]
    [InlineData(SpanType.Embedding, "EMBEDDING")]
    [InlineData(SpanType.Retriever, "RETRIEVER")]
    [InlineData(SpanType.Reranker, "RERANKER")]
    [InlineData(SpanType.Parser, "PARSER")]
    [InlineData(SpanType.Memory, "MEMORY")]
    [InlineData(SpanType.Workflow, "WORKFLOW")]
    [InlineData(SpanType.Task, "TASK")]
    [InlineData(SpanType.Guardrail, "GUARDRAIL")]
    [InlineData(SpanType.Evaluator, "EVALUATOR")]
    public void A_type_that_was_set_goes_before_the_operation(SpanType type, string word) =>
        Assert.Equal(word, TypeOf(_spans.Manual("span", type, tags: [("gen_ai.operation.name", "chat")])));

    [Fact]
    public void Every_type_has_its_word() => Assert.Equal(
        Enum.GetValues<SpanType>().Length, Enum.GetValues<SpanType>().Select(type => TypeOf(_spans.Manual("span", type))).Distinct().Count());

    [Theory]
    [InlineData("execute_tool get_weather", "execute_tool", "gen_ai.tool.name", "get_weather", "get_weather")]
    [InlineData("invoke_agent helper(0123456789abcdef0123456789abcdef)", "invoke_agent", "gen_ai.agent.name", "helper", "helper")]
    [InlineData("chat m", "chat", "gen_ai.agent.name", "helper", "chat m")]
    [InlineData("Microsoft.AspNetCore.Hosting.HttpRequestIn", null, "x", "y", "request")]
    [InlineData("POST /chat/{id}", null, "x", "y", "POST /chat/{id}")]
    [InlineData("execute_tool", "execute_tool", "gen_ai.tool.name", "", "execute_tool")]
    public void A_tool_goes_by_its_own_name_and_an_agent_without_an_id(string spanName, string? operation, string key, string value, string name) =>
        Assert.Equal(name, SpanTypes.NameOf(new ExportedSpan(_spans.Span(spanName, tags: [("gen_ai.operation.name", operation), (key, value)]))));

    [Theory]
    [InlineData(ActivityKind.Internal, "work", "work")]
    [InlineData(ActivityKind.Server, "GET /items/{id}", "GET /items/{id}")]
    [InlineData(ActivityKind.Server, "GET", "chat m")]
    [InlineData(ActivityKind.Server, "Microsoft.AspNetCore.Hosting.HttpRequestIn", "chat m")]
    public void A_trace_that_nobody_named_goes_by_its_root_or_its_first_call(ActivityKind kind, string rootName, string name)
    {
        var root = _spans.Span(rootName, kind);
        var call = _spans.Call(GenAIApi.ChatCompletions, null, null, root);

        Assert.Equal(name, new CompletedTrace([call, root], root).Summary!.Name);
    }

    private static string TypeOf(Activity span) => SpanTypes.Of(new ExportedSpan(span), new CompletedTrace([span], span));
}
