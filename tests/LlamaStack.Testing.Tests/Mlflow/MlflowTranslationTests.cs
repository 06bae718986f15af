using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class MlflowTranslationTests
{
    private const string Usage10 = """{"input_tokens":10,"output_tokens":5,"total_tokens":15}""";

    [Theory]
    [InlineData("chat", "CHAT_MODEL")]
    [InlineData("create_agent", "AGENT")]
    [InlineData("invoke_agent", "AGENT")]
    [InlineData("embeddings", "EMBEDDING")]
    [InlineData("execute_tool", "TOOL")]
    [InlineData("generate_content", "LLM")]
    [InlineData("text_completion", "LLM")]
    [InlineData("response", "LLM")]
    [InlineData("retrieval", null)]
    public async Task An_operation_gives_a_type_but_never_the_column(string operation, string? type)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        await server.ExportAsync([new SentSpan("x", ("gen_ai.operation.name", operation)), new SentSpan("y", ("gen_ai.operation.name", operation), ("mlflow.spanType", "UNKNOWN"))]);

        var spans = server.Traces.Select(static trace => trace.Spans[0]).ToList();
        Assert.Equal([null, "UNKNOWN"], spans.Select(static span => span.Type));
        Assert.Equal([type, type ?? "UNKNOWN"], spans.Select(static span => span.Attributes.GetValueOrDefault("mlflow.spanType")?.ToString()));
    }

    [Fact]
    public async Task GenAI_attributes_fill_what_MLflow_s_own_leave_open()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var span = new SentSpan(
            "chat m",
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.request.model", "m"),
            ("gen_ai.response.model", "m-1"),
            ("gen_ai.provider.name", "llama_stack"),
            ("gen_ai.input.messages", """[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]"""),
            ("gen_ai.output.messages", "[]"),
            ("gen_ai.usage.input_tokens", 3),
            ("gen_ai.usage.output_tokens", "4"),
            ("gen_ai.usage.cache_read.input_tokens", 2),
            ("gen_ai.tool.definitions", """[{"name":"t"}]"""));

        await server.ExportAsync([span]);

        var stored = server.Traces[0].Spans[0].Attributes;
        Assert.Equal("""[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]""", stored["mlflow.spanInputs"]!.ToJsonString());
        Assert.DoesNotContain("mlflow.spanOutputs", stored.Keys);
        Assert.Equal("""{"input_tokens":3,"output_tokens":4,"total_tokens":7,"cache_read_input_tokens":2}""", stored["mlflow.chat.tokenUsage"]!.ToJsonString());
        Assert.Equal(("m-1", "llama_stack"), (stored["mlflow.llm.model"]!.ToString(), stored["mlflow.llm.provider"]!.ToString()));
        Assert.Equal("""[{"name":"t"}]""", stored["mlflow.chat.tools"]!.ToJsonString());
        Assert.Equal("m", stored["gen_ai.request.model"]!.ToString());
    }

    [Fact]
    public async Task MLflow_s_own_attributes_win()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var span = new SentSpan(
            "x",
            ("mlflow.spanInputs", "mine"),
            ("mlflow.llm.model", "mine"),
            ("mlflow.llm.provider", "mine"),
            ("mlflow.chat.tokenUsage", Usage10),
            ("gen_ai.input.messages", """[{"role":"user"}]"""),
            ("gen_ai.response.model", "m"),
            ("gen_ai.provider.name", "p"),
            ("gen_ai.usage.input_tokens", 3));

        await server.ExportAsync([span]);

        var stored = server.Traces[0].Spans[0].Attributes;
        Assert.Equal(("mine", "mine", "mine"), (stored["mlflow.spanInputs"]!.ToString(), stored["mlflow.llm.model"]!.ToString(), stored["mlflow.llm.provider"]!.ToString()));
        Assert.Equal(15, server.Traces[0].TokenUsage["total_tokens"]);
    }

    [Fact]
    public async Task The_model_may_stand_in_the_inputs_only()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        await server.ExportAsync([new SentSpan("x", ("mlflow.spanInputs", """{"model":"from inputs"}"""))]);

        Assert.Equal("from inputs", server.Traces[0].Spans[0].Attributes["mlflow.llm.model"]!.ToString());
    }

    [Fact]
    public async Task Messages_in_events_are_read_when_no_attribute_has_them()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        await server.ExportAsync([new SentSpan("x") { Events = [("gen_ai.user.message", [("content", "hi")]), ("gen_ai.choice", [("content", "ho")])] }]);

        Assert.Equal("""[{"role": "user", "content": "hi"}]""", server.Traces[0].RequestPreview);
        Assert.Equal("""[{"role": "assistant", "content": "ho"}]""", server.Traces[0].ResponsePreview);
    }
}
