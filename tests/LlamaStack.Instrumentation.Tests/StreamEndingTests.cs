using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>A stream ends in one of these ways, and its span with it, exactly once.</summary>
public sealed class StreamEndingTests
{
    private const string First = """{"id":"c-1","choices":[{"delta":{"role":"assistant","content":"The "},"index":0,"finish_reason":null}],"model":"m-1"}""";
    private const string Second = """{"id":"c-1","choices":[{"delta":{"role":null,"content":"Latin"},"index":0,"finish_reason":null}],"model":"m-1"}""";
    private const string Last = """{"id":"c-1","choices":[{"delta":{"role":null,"content":""},"index":0,"finish_reason":"stop"}],"model":"m-1"}""";
    private const string Usage = """{"id":"c-1","choices":[],"model":"m-1","usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""";
    private const string StreamedHello = """{"model":"m-1","stream":true,"messages":[{"role":"user","content":"Hello?"}]}""";

    [Fact]
    public async Task Completed()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(First, Second, Last, Usage)));

        await Calls.ReadAll(client, Calls.ChatPath, StreamedHello);

        var span = spans.Only();
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
        Assert.Equal(["stop"], Calls.Tag<string[]>(span, "gen_ai.response.finish_reasons")!);
        Assert.Equal(5L, span.GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Equal(2L, span.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.True(Calls.Tag<double>(span, "gen_ai.response.time_to_first_chunk") > 0);
        Assert.Null(span.GetTagItem("llama_stack.stream.ending"));
        Assert.Contains("\"content\":\"The Latin\"", Calls.Outputs(span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_is_left_after_its_last_event_is_complete()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(First, Last)));

        await ReadPieces(client, pieces: 2);

        Assert.Null(spans.Only().GetTagItem("llama_stack.stream.ending"));
        Assert.Equal(ActivityStatusCode.Unset, spans.Only().Status);
    }

    [Fact]
    public async Task Error_told_in_the_stream()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(First, """{"error": {"message": "The provider is overloaded.", "code": "503"}}""")));

        await Calls.ReadAll(client, Calls.ChatPath, StreamedHello);

        var span = spans.Only();
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal("The provider is overloaded.", span.StatusDescription);
        Assert.Equal("503", span.GetTagItem("error.type"));
        Assert.Equal(["error"], Calls.Tag<string[]>(span, "gen_ai.response.finish_reasons")!);
        Assert.Equal("exception", Assert.Single(span.Events).Name);
        Assert.Contains("\"content\":\"The \"", Calls.Outputs(span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Transport_error()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Answer(
            [Frame(First), Frame(Second)], "text/event-stream", end: new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely."))));

        var thrown = await Assert.ThrowsAsync<HttpIOException>(() => Calls.ReadAll(client, Calls.ChatPath, StreamedHello));

        var span = spans.Only();
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal(thrown.Message, span.StatusDescription);
        Assert.Equal("response_ended", span.GetTagItem("error.type"));
        Assert.Contains("\"content\":\"The Latin\"", Calls.Outputs(span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_before_the_answer()
    {
        using var spans = Calls.Collect();
        using var cancel = new CancellationTokenSource();
        using var client = Calls.Client(new StubServer(_ =>
        {
            cancel.Cancel();
            throw new TaskCanceledException("A task was canceled.", null, cancel.Token);
        }));
        using var request = Calls.Post(Calls.ChatPath, StreamedHello);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel.Token));

        Assert.Equal("cancelled", spans.Only().GetTagItem("error.type"));
        Assert.Equal(ActivityStatusCode.Error, spans.Only().Status);
    }

    [Fact]
    public async Task Cancelled_in_the_middle()
    {
        using var spans = Calls.Collect();
        using var cancel = new CancellationTokenSource();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(First, Second, Last)));
        using var request = Calls.Post(Calls.ChatPath, StreamedHello);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[4096];
        _ = await stream.ReadAsync(buffer, cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await stream.ReadAsync(buffer, cancel.Token));

        var span = spans.Only();
        Assert.Equal("cancelled", span.GetTagItem("error.type"));
        Assert.Contains("\"content\":\"The \"", Calls.Outputs(span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timed_out()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => throw new TaskCanceledException("The request timed out.", new TimeoutException())));
        using var request = Calls.Post(Calls.ChatPath, StreamedHello);

        await Assert.ThrowsAsync<TaskCanceledException>(() => client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken));

        Assert.Equal("timeout", spans.Only().GetTagItem("error.type"));
    }

    [Fact]
    public async Task Abandoned_by_its_reader()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(First, Second, Last)));

        await ReadPieces(client, pieces: 2);

        var span = spans.Only();
        Assert.Equal("abandoned", span.GetTagItem("llama_stack.stream.ending"));
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
        Assert.Null(span.GetTagItem("gen_ai.response.finish_reasons"));
        Assert.Contains("\"content\":\"The Latin\"", Calls.Outputs(span), StringComparison.Ordinal);
        Assert.DoesNotContain("finish_reason", Calls.Outputs(span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Never_read()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(First, Second, Last)));

        await ReadPieces(client, pieces: 0);

        Assert.Equal("abandoned", spans.Only().GetTagItem("llama_stack.stream.ending"));
        Assert.Null(Calls.Outputs(spans.Only()));
    }

    [Fact]
    public async Task Forgotten_by_everyone_and_collected()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(First, Second, Last)));
        await ForgetAsync(client);

        for (var tries = 0; tries < 20 && spans.Spans.Count == 0; tries++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        var span = spans.Only();
        Assert.Equal("collected", span.GetTagItem("llama_stack.stream.ending"));
        Assert.Contains("\"content\":\"The \"", Calls.Outputs(span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Empty()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events()));

        await Calls.ReadAll(client, Calls.ChatPath, StreamedHello);

        Assert.Equal("empty_stream", spans.Only().GetTagItem("error.type"));
        Assert.Equal(ActivityStatusCode.Error, spans.Only().Status);
    }

    [Fact]
    public async Task Ended_before_the_answer_did()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(First, Second)));

        await Calls.ReadAll(client, Calls.ChatPath, StreamedHello);

        Assert.Equal("stream_ended_early", spans.Only().GetTagItem("error.type"));
        Assert.Contains("\"content\":\"The Latin\"", Calls.Outputs(spans.Only()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/chat/completions", """{"choices":[{"delta":{"content":"Hi"},"index":0}]}""")]
    [InlineData("/responses", """{"type":"response.output_text.delta","item_id":"msg_1","content_index":0,"delta":"Hi"}""")]
    public async Task The_sentinel_that_some_servers_send_is_an_end(string path, string delta)
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(delta, "[DONE]")));

        await Calls.ReadAll(client, "http://models.example/v1" + path, StreamedHello);

        Assert.Equal(ActivityStatusCode.Unset, spans.Only().Status);
    }

    private static byte[] Frame(string data) => Encoding.UTF8.GetBytes($"data: {data}\n\n");

    private static async Task ReadPieces(HttpClient client, int pieces)
    {
        using var request = Calls.Post(Calls.ChatPath, StreamedHello);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        if (pieces > 0)
        {
            await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            var buffer = new byte[4096];
            for (var piece = 0; piece < pieces; piece++)
            {
                _ = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken);
            }
        }
    }

    /// <summary>Reads a piece and keeps nothing: in a method of its own, that no register does.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task ForgetAsync(HttpClient client)
    {
        var request = Calls.Post(Calls.ChatPath, StreamedHello);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        _ = await stream.ReadAsync(new byte[4096], TestContext.Current.CancellationToken);
    }
}
