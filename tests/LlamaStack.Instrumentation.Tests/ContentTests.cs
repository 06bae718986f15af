using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>What becomes of prompts and answers before they are recorded.</summary>
public sealed class ContentTests
{
    private const string Answer = """{"id":"c-1","model":"m-1","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":"secret answer","tool_calls":[{"id":"call-1","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"secret city\"}"}}]}}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""";

    private static GenAIInstrumentationOptions Redacting(Func<string, string>? redact = null) => new()
    {
        ContentCapture = ContentCapture.Redacted,
        Redact = redact ?? (text => text.Replace("secret", "***", StringComparison.Ordinal)),
        AttachContent = true,
    };

    [Fact]
    public async Task Redacted_covers_each_text_and_leaves_the_words_of_the_API()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json(Answer)), Redacting(_ => "x"));

        await Calls.ReadAll(client, Calls.ChatPath, """
            {"model":"m-1","tools":[{"type":"function","function":{"name":"get_weather","description":"d","parameters":{"type":"object"}}}],"metadata":{"name":"Ann","type":"vip"},
             "messages":[{"role":"system","content":"secret"},{"role":"user","content":[{"type":"text","text":"secret"}]},{"role":"tool","tool_call_id":"call-0","content":"secret result"}]}
            """);

        var span = spans.Only();
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""
                {"model":"m-1","tools":[{"type":"function","function":{"name":"get_weather","description":"x","parameters":{"type":"object"}}}],"metadata":{"name":"x","type":"x"},
                 "messages":[{"role":"system","content":"x"},{"role":"user","content":[{"type":"text","text":"x"}]},{"role":"tool","tool_call_id":"call-0","content":"x"}]}
                """),
            JsonNode.Parse(Calls.Inputs(span)!)), Calls.Inputs(span));
        var message = JsonNode.Parse(Calls.Outputs(span)!)!["choices"]![0]!["message"]!;
        Assert.Equal(("assistant", "x", "get_weather", "x"), ((string?)message["role"], (string?)message["content"], (string?)message["tool_calls"]![0]!["function"]!["name"], (string?)message["tool_calls"]![0]!["function"]!["arguments"]));
        Assert.Equal(7L, Calls.Tag<long>(span, "gen_ai.usage.input_tokens") + Calls.Tag<long>(span, "gen_ai.usage.output_tokens"));
        Assert.DoesNotContain("secret", string.Join(' ', span.TagObjects), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_after_an_object_in_an_array_are_texts()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("{}")), Redacting());

        await Calls.ReadAll(client, Calls.EmbeddingsPath, """{"model":"m-1","input":[{"type":"text"},"secret one",["secret two"]]}""");

        Assert.Equal("""{"model":"m-1","input":[{"type":"text"},"*** one",["*** two"]]}""", Calls.Inputs(spans.Only()));
    }

    [Fact]
    public async Task Streams_are_redacted_whole_so_that_no_secret_hides_between_two_chunks()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(
            """{"id":"c-1","choices":[{"delta":{"role":"assistant","content":"a sec"},"index":0,"finish_reason":null}],"model":"m-1"}""",
            """{"id":"c-1","choices":[{"delta":{"content":"ret"},"index":0,"finish_reason":"stop"}],"model":"m-1"}""",
            "[DONE]")), Redacting());

        await Calls.ReadAll(client, Calls.ChatPath, """{"model":"m-1","stream":true,"messages":[]}""");

        Assert.Contains("\"a ***\"", Calls.Outputs(spans.Only()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ContentCapture.Full, true, true)]
    [InlineData(ContentCapture.Redacted, false, true)]
    [InlineData(ContentCapture.None, false, false)]
    public async Task The_words_of_errors_are_content(ContentCapture capture, bool told, bool words)
    {
        using var spans = Calls.Collect();
        var options = Redacting();
        options.ContentCapture = capture;
        var failures = new Queue<Func<HttpResponseMessage>>([
            () => StubServer.Json("""{"error":{"message":"No secret is allowed."}}""", System.Net.HttpStatusCode.BadRequest),
            () => throw new InvalidOperationException("No secret is allowed."),
        ]);
        using var client = Calls.Client(new StubServer(_ => failures.Dequeue()()), options);

        await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Calls.ReadAll(client, Calls.ChatPath, Calls.Hello));

        Assert.All(spans.Spans, span =>
        {
            var all = $"{span.StatusDescription} {string.Join(' ', span.Events.SelectMany(happened => happened.Tags))}";
            Assert.Equal(ActivityStatusCode.Error, span.Status);
            Assert.Equal(told, all.Contains("secret", StringComparison.Ordinal));
            Assert.Equal(words, all.Contains("is allowed", StringComparison.Ordinal));
        });
        Assert.Equal(2, spans.Spans.Count);
    }

    [Fact]
    public async Task A_connection_that_fails_is_told_whatever_is_recorded()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused (models.example:8321)")), new GenAIInstrumentationOptions());

        await Assert.ThrowsAsync<HttpRequestException>(() => Calls.ReadAll(client, Calls.ChatPath, Calls.Hello));

        Assert.Equal("Connection refused (models.example:8321)", spans.Only().StatusDescription);
    }

    [Fact]
    public async Task A_redaction_that_throws_leaves_nothing_and_the_call_untouched()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json(Answer)), Redacting(_ => throw new FormatException("bug")));

        Assert.Equal(Answer, Encoding.UTF8.GetString(await Calls.ReadAll(client, Calls.ChatPath, """{"model":"m-1","messages":[{"role":"user","content":"secret"}]}""")));

        Assert.Equal("""{"model":"m-1","messages":[{"role":"user","content":""}]}""", Calls.Inputs(spans.Only()));
        Assert.Equal(5L, spans.Only().GetTagItem("gen_ai.usage.input_tokens"));
    }

    [Fact]
    public void Redacted_needs_something_that_redacts()
    {
        var failure = Assert.Throws<ArgumentException>(() => Calls.Client(new StubServer(_ => StubServer.Json(Answer)), new GenAIInstrumentationOptions { ContentCapture = ContentCapture.Redacted }));

        Assert.Contains("GenAIInstrumentationOptions.Redact", failure.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, int> Large => new()
    {
        { $$"""{"messages":[{"role":"user","content":"{{new string('a', 5000)}}"},{"role":"user","content":"short"}]}""", 1024 },
        { $$"""{"messages":[{"role":"user","content":"{{string.Concat(Enumerable.Repeat("\\ud83d\\ude00", 2000))}}"}]}""", 1024 },
        { $$"""{"input":[{{string.Join(',', Enumerable.Repeat("\"some words\"", 500))}}]}""", 1024 },
        { """{"messages":[{"content":[{"image_url":{"url":"data:image/png;base64,""" + Convert.ToBase64String(new byte[6000]) + "\"}}]}]}", 1024 },
    };

    [Theory]
    [MemberData(nameof(Large))]
    public async Task More_than_the_limit_is_cut_and_stays_JSON(string body, int limit)
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("{}")), new GenAIInstrumentationOptions { ContentCapture = ContentCapture.Full, MaxContentLength = limit, AttachContent = true });

        await Calls.ReadAll(client, Calls.ChatPath, body);

        var inputs = Calls.Inputs(spans.Only())!;
        Assert.InRange(Encoding.UTF8.GetByteCount(inputs), 2, limit);
        Assert.NotNull(JsonNode.Parse(inputs));
        Assert.True(inputs.Contains("left out", StringComparison.Ordinal) || inputs.Contains("image/png, 6000 bytes", StringComparison.Ordinal), inputs);
    }

    [Theory]
    [InlineData(ContentCapture.Full, ContentCapture.None, null)]
    [InlineData(ContentCapture.Full, ContentCapture.Redacted, "***")]
    [InlineData(ContentCapture.None, ContentCapture.Full, "secret")]
    [InlineData(ContentCapture.Redacted, ContentCapture.Full, "secret")]
    public async Task A_call_may_be_told_otherwise(ContentCapture option, ContentCapture now, string? recorded)
    {
        using var spans = Calls.Collect();
        var options = Redacting();
        options.ContentCapture = option;
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("{}")), options);

        using (LlamaStackTrace.BeginContentScope(now))
        using (LlamaStackTrace.BeginScope(session: "s"))
        {
            await Calls.ReadAll(client, Calls.EmbeddingsPath, """{"input":"secret"}""");
        }

        Assert.Equal(recorded is null ? null : $$"""{"input":"{{recorded}}"}""", Calls.Inputs(spans.Only()));
    }
}
