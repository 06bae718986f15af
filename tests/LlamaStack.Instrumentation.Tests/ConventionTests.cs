using System.Diagnostics;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>The released form of the convention, the coming one, and both.</summary>
public sealed class ConventionTests
{
    [Theory]
    [InlineData(null, GenAIConvention.Released)]
    [InlineData("", GenAIConvention.Released)]
    [InlineData("http", GenAIConvention.Released)]
    [InlineData("gen_ai_latest", GenAIConvention.Released)]
    [InlineData("gen_ai_latest_experimental", GenAIConvention.Latest)]
    [InlineData("http/dup, gen_ai_latest_experimental ,database", GenAIConvention.Latest)]
    [InlineData("gen_ai_latest_experimental/dup", GenAIConvention.Both)]
    [InlineData("gen_ai_latest_experimental/dup,gen_ai_latest_experimental", GenAIConvention.Both)]
    public void OpenTelemetrys_variable_chooses_the_form(string? value, GenAIConvention convention) =>
        Assert.Equal(convention, ConventionOptIn.Of(name => name is "OTEL_SEMCONV_STABILITY_OPT_IN" ? value : null));

    [Theory]
    [InlineData(null, false)]
    [InlineData("false", false)]
    [InlineData("TRUE", true)]
    public void OpenTelemetrys_variable_asks_for_events(string? value, bool emits) =>
        Assert.Equal(emits, ConventionOptIn.EmitsEvents(name => name is "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT" ? value : null));

    [Theory]
    [InlineData(GenAIConvention.Released, "gen_ai.request.top_k=40 (Double), gen_ai.usage.cache_creation.input_tokens=4 (Int64)")]
    [InlineData(GenAIConvention.Latest, "gen_ai.request.previous_response.id=resp_0 (String), gen_ai.request.reasoning.level=low (String), gen_ai.request.top_k=40 (Int64), gen_ai.usage.cache_write.input_tokens=4 (Int64)")]
    [InlineData(GenAIConvention.Both, "gen_ai.request.previous_response.id=resp_0 (String), gen_ai.request.reasoning.level=low (String), gen_ai.request.top_k=40 (Double), gen_ai.usage.cache_creation.input_tokens=4 (Int64), gen_ai.usage.cache_write.input_tokens=4 (Int64)")]
    public async Task A_call_speaks_the_form_that_is_chosen(GenAIConvention convention, string attributes)
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(
            new StubServer(_ => StubServer.Json("""{"status":"completed","output":[],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":1,"cache_write_tokens":4},"output_tokens":2}}""")),
            new() { Convention = convention });

        await Calls.ReadAll(client, Calls.ResponsesPath, """{"model":"m","input":"Hi","top_k":40,"previous_response_id":"resp_0","reasoning":{"effort":"low"}}""");

        string[] same = ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "server.address", "server.port", "gen_ai.response.finish_reasons", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens"];
        var span = spans.Only();
        Assert.All(same, key => Assert.NotNull(span.GetTagItem(key)));
        Assert.Equal(attributes, string.Join(", ", span.TagObjects.Where(tag => !same.Contains(tag.Key)).Select(tag => $"{tag.Key}={tag.Value} ({tag.Value!.GetType().Name})").Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("https://api.openai.com/v1/chat/completions", "openai.api.type=chat_completions, openai.request.service_tier=flex, openai.response.service_tier=default, openai.response.system_fingerprint=fp_1")]
    [InlineData("https://api.openai.com/v1/responses", "openai.api.type=responses, openai.request.service_tier=flex, openai.response.service_tier=default, openai.response.system_fingerprint=fp_1")]
    [InlineData(Calls.ChatPath, "")]
    public async Task OpenAIs_own_service_is_told_more_of(string path, string attributes)
    {
        using var spans = Calls.Collect();
        var stream = path.Contains("chat", StringComparison.Ordinal);
        const string Answer = """{"service_tier":"default","system_fingerprint":"fp_1","status":"completed","output":[],"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";
        using var client = Calls.Client(new StubServer(_ => stream ? StubServer.Events(Answer) : StubServer.Json(Answer)));

        await Calls.ReadAll(client, path, $$"""{"model":"m","stream":{{(stream ? "true" : "false")}},"service_tier":"flex"}""");
        await Calls.ReadAll(client, path, """{"model":"m","service_tier":"auto"}""");

        static string Told(Activity span) => string.Join(", ", span.TagObjects.Where(tag => tag.Key.StartsWith("openai.", StringComparison.Ordinal)).Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal));
        Assert.Equal([attributes, attributes.Replace("openai.request.service_tier=flex, ", "", StringComparison.Ordinal)], spans.Spans.Select(Told));
    }

    [Fact]
    public async Task Chat_completions_tell_the_level_of_reasoning_too()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("{}")), new() { Convention = GenAIConvention.Latest });

        await Calls.ReadAll(client, Calls.ChatPath, """{"model":"m","messages":[],"reasoning_effort":"high"}""");

        Assert.Equal("high", spans.Only().GetTagItem("gen_ai.request.reasoning.level"));
    }

    [Theory]
    [InlineData(GenAIConvention.Released, 2.0, null)]
    [InlineData(GenAIConvention.Latest, null, 2L)]
    [InlineData(GenAIConvention.Both, 2.0, 2L)]
    public async Task A_search_tells_how_many_documents_it_wants(GenAIConvention convention, object? released, object? latest)
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("vector-stores", "search"), new() { Convention = convention });

        Assert.Equal(released, spans.Only().GetTagItem("gen_ai.request.top_k"));
        Assert.Equal(latest, spans.Only().GetTagItem("gen_ai.retrieval.top_k"));
    }
}
