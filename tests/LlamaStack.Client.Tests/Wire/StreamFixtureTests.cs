using System.Text.Json;

namespace LlamaStack.Client.Tests;

/// <summary>Each recorded stream gives as many items as it has frames, each of them whole: up to the first frame that ends a response, or that is an error.</summary>
public sealed class StreamFixtureTests
{
    public static TheoryData<string> ChatStreams() => [.. Streams("/v1/chat/completions", "chat", "chat")];

    public static TheoryData<string> ResponseStreams() => [.. Streams("/v1/responses", "responses", "responses")];

    [Theory]
    [MemberData(nameof(ChatStreams))]
    public async Task A_chat_stream_yields_every_chunk(string file)
    {
        var frames = Fixtures.Frames(file);
        var expected = frames.TakeWhile(frame => !IsError(frame)).ToList();
        var chunks = new List<ChatCompletionChunk>();

        var error = await Record.ExceptionAsync(async () =>
        {
            await foreach (var chunk in new StubServer().File(file).Client().StreamChatCompletionAsync(new ChatCompletionRequest(), Ct))
            {
                chunks.Add(chunk);
            }
        });

        Assert.Equal(expected.Count, chunks.Count);
        Assert.All(expected.Zip(chunks), pair => JsonAssert.Equal(pair.First, JsonSerializer.SerializeToElement(pair.Second, Wire.Json.ChatCompletionChunk)));
        AssertError(frames.Count == 0 || frames.Any(IsError), error);
    }

    [Theory]
    [MemberData(nameof(ResponseStreams))]
    public async Task A_response_stream_yields_every_event(string file)
    {
        var frames = Fixtures.Frames(file);
        var last = frames.FindIndex(IsTerminal);
        var expected = (last < 0 ? frames : frames[..(last + 1)]).TakeWhile(frame => !IsError(frame)).ToList();
        var events = new List<ResponseStreamEvent>();

        var error = await Record.ExceptionAsync(async () =>
        {
            await foreach (var item in new StubServer().File(file).Client().StreamResponseAsync(new ResponseRequest(), Ct))
            {
                events.Add(item);
            }
        });

        Assert.Equal(expected.Count, events.Count);
        Assert.All(expected.Zip(events), pair => JsonAssert.Equal(pair.First, JsonSerializer.SerializeToElement(pair.Second, Wire.Json.ResponseStreamEvent)));
        Assert.DoesNotContain(events, item => item is ResponseUnknownEvent);
        AssertError(last < 0, error);
    }

    [Theory]
    [InlineData("llamastack-live/chat/error-midstream.response.sse", "Internal server error: An unexpected error occurred.", "500", 500)]
    [InlineData("llamastack-wire/legacy/legacy-sse-error-0.2-to-0.4.sse", null, null, null)]
    [InlineData("llamastack-wire/legacy/legacy-sse-error-0.5.sse", null, "404", 404)]
    [InlineData("llamastack-wire/legacy/legacy-sse-error-0.6-to-0.7.sse", null, "404", 404)]
    [InlineData("llamastack-live/responses/error-previous-unknown-stream.response.sse", null, "404", 404)]
    [InlineData("llamastack-live/llama-stack-0.7.3/responses-error-model-unknown-stream.response.sse", null, "404", 404)]
    [InlineData("llamastack-live/responses/error-mcp-down-stream.response.sse", null, "server_error", null)]
    public async Task An_error_frame_of_any_age_is_an_exception(string file, string? message, string? code, int? status)
    {
        var frame = Fixtures.Frames(file).Single(IsError);
        var said = frame.TryGetProperty("error", out var inner) ? inner.GetProperty("message") : frame.GetProperty("message");

        var error = await Assert.ThrowsAsync<LlamaStackException>(
            () => new StubServer().File(file).Client().StreamResponseAsync(new ResponseRequest(), Ct).ToListAsync());

        Assert.Equal(message ?? said.GetString(), error.ServerMessage);
        Assert.Contains(error.ServerMessage!, error.Message, StringComparison.Ordinal);
        Assert.Equal(code, error.Code);
        Assert.Equal(status, (int?)error.StatusCode);
    }

    [Theory]
    [InlineData("""{"error":"out of memory"}""", "out of memory", null)]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", "Overloaded", null)]
    [InlineData("""{"error":{"detail":"gone","code":"410"}}""", "gone", "410")]
    [InlineData("""{"object":"error","message":"too long","code":400}""", "too long", "400")]
    public async Task An_error_frame_of_a_gateway_is_an_exception(string frame, string message, string? code)
    {
        var stream = new StubServer().Events($"event: error\ndata: {frame}\n\n").Client().StreamChatCompletionAsync(new ChatCompletionRequest(), Ct);
        var error = await Assert.ThrowsAsync<LlamaStackException>(stream.ToListAsync);
        Assert.Equal(message, error.ServerMessage);
        Assert.Equal(code, error.Code);
    }

    [Fact]
    public async Task A_failed_response_is_an_event()
    {
        const string File = "llamastack-live/responses/error-provider-429-stream.response.sse";
        var events = await new StubServer().File(File).Client().StreamResponseAsync(new ResponseRequest(), Ct).ToListAsync();
        var failed = Assert.IsType<ResponseStateEvent>(events[^1]);
        Assert.Equal(("response.failed", "failed", "rate_limit_exceeded"), (failed.Type, failed.Response?.Status, failed.Response?.Error?.Code));
    }

    [Fact]
    public async Task After_an_output_guardrail_the_first_end_counts()
    {
        const string File = "llamastack-live/responses/guardrails-output-flagged-stream.response.sse";
        Assert.Equal(2, Fixtures.Frames(File).Count(IsTerminal));

        var events = await new StubServer().File(File).Client().StreamResponseAsync(new ResponseRequest(), Ct).ToListAsync();

        Assert.NotNull(Assert.IsType<ResponseStateEvent>(events[^1]).Response!.Refusal);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public async Task Sentinel_comments_event_names_and_empty_data_are_tolerated(string newline)
    {
        string[] lines =
        [
            ": keep-alive", "", "event: message", "id: 7", """data: {"id":"a","choices":[]}""", "", "data:", "",
            """data: {"id":"b","choices":[]}""", "", "data: [DONE]", "", """data: {"id":"never","choices":[]}""", "", "",
        ];
        var body = string.Join(newline, lines);
        var chunks = await new StubServer().Events(body).Client().StreamChatCompletionAsync(new ChatCompletionRequest(), Ct).ToListAsync();
        Assert.Equal(["a", "b"], chunks.Select(chunk => chunk.Id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1_000)]
    public async Task Frames_may_be_cut_anywhere(int size)
    {
        const string File = "llamastack-live/chat/tools-parallel-stream.response.sse";
        var server = new StubServer().Content(() => new StreamContent(new Trickle(Fixtures.Bytes(File), size)), "text/event-stream");
        var chunks = await server.Client().StreamChatCompletionAsync(new ChatCompletionRequest(), Ct).ToListAsync();
        Assert.Equal(Fixtures.Frames(File).Count, chunks.Count);
    }

    [Fact]
    public async Task Only_stream_is_changed_in_a_streamed_request()
    {
        var server = new StubServer().File("llamastack-live/chat/stream.response.sse").File("llamastack-live/responses/stream.response.sse");
        await server.Client().StreamChatCompletionAsync(new ChatCompletionRequest { Model = "m", Messages = [ChatCompletionMessage.User("Hi")] }, Ct).ToListAsync();
        await server.Client().StreamResponseAsync(new ResponseRequest { Model = "m", Input = "Hi" }, Ct).ToListAsync();

        Assert.Equal("""{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true}""", server.Calls[0].Body);
        Assert.Equal("""{"model":"m","input":"Hi","stream":true}""", server.Calls[1].Body);
    }

    private static bool IsError(JsonElement frame) =>
        frame.TryGetProperty("type", out var type) ? type.ValueEquals("error") : frame.TryGetProperty("error", out _);

    private static bool IsTerminal(JsonElement frame) =>
        frame.TryGetProperty("type", out var type) && type.GetString() is "response.completed" or "response.incomplete" or "response.failed";

    private static void AssertError(bool expected, Exception? actual)
    {
        if (expected)
        {
            Assert.IsType<LlamaStackException>(actual);
        }
        else
        {
            Assert.Null(actual);
        }
    }

    private static IEnumerable<string> Streams(string path, string wireFolder, string legacy) =>
    [
        .. Fixtures.Exchanges(called => called == path).Select(exchange => exchange.Response).OfType<string>().Where(IsStream),
        .. Fixtures.Files($"llamastack-wire/{wireFolder}", "*.sse"),
        .. Fixtures.Files("llamastack-wire/legacy", $"legacy-{legacy}*.sse"),
        .. Fixtures.Golden(path).Select(call => call.Response).OfType<string>().Where(IsStream),
    ];

    private static bool IsStream(string file) => file.EndsWith(".sse", StringComparison.Ordinal);

    /// <summary>A body of which each read gives a few bytes.</summary>
    private sealed class Trickle(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer.Length > size ? buffer[..size] : buffer, cancellationToken);
    }
}
