using System.Text;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Token counts of streams are asked for on behalf of a caller who did not, and the caller's stream stays what it would have been.</summary>
public sealed class StreamUsageTests
{
    private const string Chunk = """data: {"id":"c-1","choices":[{"delta":{"content":"The "},"index":0,"finish_reason":null}],"model":"m-1"}""" + "\n\n";
    private const string Finish = """data: {"id":"c-1","choices":[{"delta":{},"index":0,"finish_reason":"stop"}],"model":"m-1"}""" + "\n\n";
    private const string Usage = """data: {"id":"c-1","choices": [],"model":"m-1","usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""" + "\n\n";
    private const string Done = "data: [DONE]\n\n";
    private const string Streamed = """{"model":"m-1","stream":true,"messages":[{"role":"user","content":"Hello?"}]}""";

    private static GenAIInstrumentationOptions Asking => new() { ContentCapture = ContentCapture.Full, AttachContent = true, AskForStreamUsage = true };

    public static TheoryData<string, string> Bodies => new()
    {
        { """{"stream":true}""", """{"stream_options":{"include_usage":true},"stream":true}""" },
        { """ { "model":"m", "stream": true}""", """ {"stream_options":{"include_usage":true}, "model":"m", "stream": true}""" },
        { """{"stream":true,"stream_options":null}""", """{"stream":true,"stream_options":{"include_usage":true}}""" },
        { """{"stream":true,"stream_options":{}}""", """{"stream":true,"stream_options":{"include_usage":true}}""" },
        { """{"stream":true,"stream_options":{"x":1}}""", """{"stream":true,"stream_options":{"include_usage":true,"x":1}}""" },
        { """{"stream":true,"stream_options":{"include_usage":false}}""", """{"stream":true,"stream_options":{"include_usage":false}}""" },
        { """{"stream":true,"stream_options":{"include_usage":true}}""", """{"stream":true,"stream_options":{"include_usage":true}}""" },
        { """{"stream":true,"stream_options":"x"}""", """{"stream":true,"stream_options":"x"}""" },
        { """{"stream":false}""", """{"stream":false}""" },
        { """{"messages":[{"content":"\"stream\":true"}]}""", """{"messages":[{"content":"\"stream\":true"}]}""" },
        { "stream", "stream" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Only_a_stream_whose_caller_says_nothing_of_it_is_asked(string body, string sent)
    {
        using var spans = Calls.Collect();
        var server = new StubServer(_ => StubServer.Events("[DONE]"));
        using var client = Calls.Client(server, Asking);
        using var request = Calls.Post(Calls.ChatPath, body);
        var content = request.Content;

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(sent, server.Requests.Single().Body);
        Assert.Same(content, request.Content);
        Assert.Equal(body, Calls.Inputs(spans.Only()));
    }

    [Theory]
    [InlineData(Calls.ChatPath, null)]
    [InlineData(Calls.ResponsesPath, true)]
    public async Task Unasked_a_request_is_sent_as_it_is(string path, bool? option)
    {
        using var spans = Calls.Collect();
        var server = new StubServer(_ => StubServer.Events("[DONE]"));
        using var client = Calls.Client(server, new GenAIInstrumentationOptions { AskForStreamUsage = option });

        await Calls.ReadAll(client, path, Streamed);

        Assert.Equal(Streamed, server.Requests.Single().Body);
    }

    public static TheoryData<string, string> Streams => new()
    {
        { Chunk + Finish + Usage + Done, Chunk + Finish + Done },
        { (Chunk + Finish + Usage + Done).ReplaceLineEndings("\r\n"), (Chunk + Finish + Done).ReplaceLineEndings("\r\n") },
        { Chunk + Finish + ": keep-alive\n\n" + Usage + "event: x\n" + Done, Chunk + Finish + ": keep-alive\n\n" + "event: x\n" + Done },
        { Chunk + Finish + Usage, Chunk + Finish },
        { Chunk + Finish + Usage.TrimEnd(), Chunk + Finish + Usage.TrimEnd() },
        { Chunk + Finish + Done, Chunk + Finish + Done },
        { Chunk + Finish + """data: {"choices":[],"usage":null}""" + "\n\n" + Usage + Done, Chunk + Finish + """data: {"choices":[],"usage":null}""" + "\n\n" + Done },
        { Chunk + """data: {"error":{"message":"overloaded"}}""" + "\n\n", Chunk + """data: {"error":{"message":"overloaded"}}""" + "\n\n" },
        { """data: {"choices":[],"prompt_filter_results":[]}""" + "\n\n" + Chunk + Finish + Usage + Done, """data: {"choices":[],"prompt_filter_results":[]}""" + "\n\n" + Chunk + Finish + Done },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task The_chunk_that_the_caller_did_not_ask_for_is_taken_out_wherever_the_stream_is_cut(string sent, string seen)
    {
        var random = new Random(17);
        for (var number = 0; number < 200; number++)
        {
            var bytes = Encoding.UTF8.GetBytes(sent);
            List<byte[]> pieces = [];
            for (var position = 0; position < bytes.Length;)
            {
                var length = Math.Min(number == 0 ? 1 : random.Next(1, number < 100 ? 40 : 400), bytes.Length - position);
                pieces.Add(bytes[position..(position + length)]);
                position += length;
            }

            using var spans = Calls.Collect();
            using var client = Calls.Client(new StubServer(_ => StubServer.Answer(pieces, "text/event-stream")), Asking);

            var read = await Calls.ReadAll(client, Calls.ChatPath, Streamed, readSize: number % 3 == 0 ? 7 : random.Next(1, 500));

            // A chunk that the model's last one did not announce, or that never ended, is told as it came.
            Assert.Equal(seen, Encoding.UTF8.GetString(read));
            if (sent.Contains(Usage.TrimEnd(), StringComparison.Ordinal))
            {
                Assert.Equal(5L, spans.Only().GetTagItem("gen_ai.usage.input_tokens"));
            }
        }
    }

    [Fact]
    public async Task Who_asks_gets_the_chunk()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Answer([Encoding.UTF8.GetBytes(Chunk + Finish + Usage + Done)], "text/event-stream")), Asking);

        var read = await Calls.ReadAll(client, Calls.ChatPath, Streamed.Replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal));

        Assert.Equal(Chunk + Finish + Usage + Done, Encoding.UTF8.GetString(read));
    }

    [Fact]
    public async Task A_length_that_the_server_gave_is_not_the_callers()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ =>
        {
            var bytes = Encoding.UTF8.GetBytes(Chunk + Finish + Usage + Done);
            var answer = StubServer.Answer([bytes], "text/event-stream");
            answer.Content.Headers.ContentLength = bytes.Length;
            return answer;
        }), Asking);

        using var response = await client.SendAsync(Calls.Post(Calls.ChatPath, Streamed), TestContext.Current.CancellationToken);

        Assert.Equal(Chunk + Finish + Done, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_answer_that_is_no_stream_is_as_it_was()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("""{"choices":[],"usage":{"prompt_tokens":5}}""")), Asking);

        Assert.Equal("""{"choices":[],"usage":{"prompt_tokens":5}}""", Encoding.UTF8.GetString(await Calls.ReadAll(client, Calls.ChatPath, Streamed)));
    }
}
