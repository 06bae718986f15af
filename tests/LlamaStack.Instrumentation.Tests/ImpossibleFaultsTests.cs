using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Faults that users of other instrumentations report. Here each is impossible, and has a test with its name.</summary>
public sealed partial class ImpossibleFaultsTests
{
    private const string Planted = "planted words";

    [Fact]
    public async Task No_span_at_all_because_the_requests_own_activity_was_not_recorded()
    {
        Activity.Current = null;
        using var request = new Activity("Microsoft.AspNetCore.Hosting.HttpRequestIn").Start();
        List<Activity> ended = [];
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LlamaStackDiagnostics.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Links?.Any(link => link.Context.SpanId == request.SpanId) == true ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (span.Links.Any(link => link.Context.SpanId == request.SpanId))
                {
                    ended.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var client = Calls.Client(Server("chat", "plain"));

        await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello);

        Assert.Equal("chat m-1", Assert.Single(ended).DisplayName);
        Assert.Same(request, Activity.Current);
    }

    [Fact]
    public async Task A_stream_never_ended_after_break()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(Server("chat", "stream"));

        await foreach (var line in Lines(client, TestContext.Current.CancellationToken))
        {
            Assert.Empty(spans.Spans);
            if (line.Contains("Hello", StringComparison.Ordinal))
            {
                break;
            }
        }

        Assert.Equal("abandoned", spans.Only().GetTagItem("llama_stack.stream.ending"));
        Assert.Same(spans.Root, Activity.Current);
    }

    [Fact]
    public async Task Ended_when_the_call_returns()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(Server("responses", "stream"));
        using var request = Calls.Post(Calls.ResponsesPath, Calls.Hello);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[1 << 16];
        do
        {
            Assert.Empty(spans.Spans);
        }
        while (await stream.ReadAsync(buffer, TestContext.Current.CancellationToken) > 0);
        spans.Only();
    }

    [Theory]
    [InlineData("chat", "stream-usage")]
    [InlineData("chat", "tools-parallel-stream")]
    [InlineData("completions", "stream")]
    [InlineData("responses", "stream")]
    [InlineData("responses", "mcp-stream")]
    public async Task Usage_missing_on_streams(string folder, string name)
    {
        var span = await SpanOf(folder, name);
        var wire = Encoding.UTF8.GetString(Fixtures.Live(folder, name).Response);
        Assert.Equal(InputTokens().Matches(wire)[^1].Groups[1].Value, $"{span.GetTagItem("gen_ai.usage.input_tokens")}");
        Assert.Equal(OutputTokens().Matches(wire)[^1].Groups[1].Value, $"{span.GetTagItem("gen_ai.usage.output_tokens")}");
    }

    [Theory]
    [InlineData("chat", "error-midstream", "500")]
    [InlineData("chat", "error-cut", "500")]
    [InlineData("chat", "error-empty-stream", "empty_stream")]
    [InlineData("responses", "error-provider-429-stream", "rate_limit_exceeded")]
    [InlineData("responses", "error-model-unknown-stream", "404")]
    [InlineData("responses", "error-previous-unknown-stream", "404")]
    [InlineData("llama-stack-0.7.3", "responses-error-previous-unknown-stream", "404")]
    public async Task An_error_stream_recorded_as_success(string folder, string name, string type)
    {
        var span = await SpanOf(folder, name);
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.False(string.IsNullOrEmpty(span.StatusDescription));
        Assert.Equal(type, span.GetTagItem("error.type"));
        Assert.Equal(["error"], Calls.Tag<string[]>(span, "gen_ai.response.finish_reasons")!);
        Assert.Equal("exception", Assert.Single(span.Events).Name);
    }

    [Fact]
    public async Task Cancelled_recorded_as_success_without_a_mark()
    {
        using var spans = Calls.Collect();
        using var cancel = new CancellationTokenSource();
        using var client = Calls.Client(Server("chat", "stream"));
        using var request = Calls.Post(Calls.ChatPath, Calls.Hello);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[1000];
        _ = await stream.ReadAsync(buffer, cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await stream.ReadAsync(buffer, cancel.Token));

        Assert.Equal(ActivityStatusCode.Error, spans.Only().Status);
        Assert.Equal("cancelled", spans.Only().GetTagItem("error.type"));
    }

    [Fact]
    public async Task An_abandoned_stream_counted_as_complete()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(Server("chat", "stream"));
        using (var request = Calls.Post(Calls.ChatPath, Calls.Hello))
        using (var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            _ = await stream.ReadAsync(new byte[1000], TestContext.Current.CancellationToken);
        }

        var span = spans.Only();
        Assert.Equal("abandoned", span.GetTagItem("llama_stack.stream.ending"));
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
        Assert.Null(span.GetTagItem("gen_ai.response.finish_reasons"));
        Assert.DoesNotContain("finish_reason", Calls.Outputs(span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_counted_twice_by_a_retry()
    {
        using var spans = Calls.Collect();
        var answers = new Queue<HttpStatusCode>([HttpStatusCode.InternalServerError, HttpStatusCode.OK, HttpStatusCode.OK]);
        var server = new StubServer(_ => StubServer.Json("""{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""", answers.Dequeue()));
        using var retrying = new HttpMessageInvoker(new GenAIInstrumentationHandler(new TwiceHandler(server)));
        using var request = Calls.Post(Calls.ChatPath, Calls.Hello);

        foreach (var calls in (int[])[1, 2])
        {
            using var response = await retrying.SendAsync(request, TestContext.Current.CancellationToken);
            await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
            Assert.Equal(calls, spans.Spans.Count);
        }

        Assert.Equal(3, server.Requests.Count);
        Assert.All(spans.Spans, span => Assert.Equal((5L, null), (span.GetTagItem("gen_ai.usage.input_tokens"), span.GetTagItem("http.response.status_code"))));
    }

    [Fact]
    public async Task Tokens_counted_twice_by_fetching_a_stored_response()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(Server("responses", "plain"));

        await client.GetStringAsync(Calls.ResponsesPath + "/resp_1", TestContext.Current.CancellationToken);

        Assert.DoesNotContain(spans.Spans.SelectMany(span => span.TagObjects), tag => tag.Key.StartsWith("gen_ai.usage.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Activity_current_null_or_wrong_after_a_streamed_call()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(Server("chat", "stream"));
        using var request = Calls.Post(Calls.ChatPath, Calls.Hello);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Same(spans.Root, Activity.Current);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[1000];
        while (await stream.ReadAsync(buffer, TestContext.Current.CancellationToken) > 0)
        {
            Assert.Same(spans.Root, Activity.Current);
        }

        Assert.Same(spans.Root, Activity.Current);
        Assert.Equal(spans.Root.SpanId, spans.Only().ParentSpanId);
        await foreach (var line in Lines(client, TestContext.Current.CancellationToken))
        {
            Assert.Same(spans.Root, Activity.Current);
        }

        Assert.Same(spans.Root, Activity.Current);
    }

    [Theory]
    [InlineData("sampler")]
    [InlineData("span starts")]
    [InlineData("span ends")]
    [InlineData("measurement")]
    public async Task A_telemetry_exception_reaching_the_caller(string where)
    {
        using var spans = Calls.Collect();
        void Throw(string here, ActivityTraceId trace)
        {
            if (here == where && trace == spans.Root.TraceId)
            {
                throw new InvalidOperationException("A fault of telemetry.");
            }
        }

        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LlamaStackDiagnostics.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
            {
                Throw("sampler", options.TraceId);
                return ActivitySamplingResult.AllDataAndRecorded;
            },
            ActivityStarted = span => Throw("span starts", span.TraceId),
            ActivityStopped = span => Throw("span ends", span.TraceId),
        };
        ActivitySource.AddActivityListener(listener);
        using var meters = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Meter.Name == LlamaStackDiagnostics.MeterName) { self.EnableMeasurementEvents(instrument); } } };
        meters.SetMeasurementEventCallback<double>((_, _, _, _) => Throw("measurement", Activity.Current?.TraceId ?? default));
        meters.Start();
        foreach (var name in (string[])["plain", "stream", "error-provider-429"])
        {
            using var client = Calls.Client(Server("chat", name));

            Assert.Equal(Fixtures.Live("chat", name).Response, await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello));
            Assert.Same(spans.Root, Activity.Current);
            using var request = Calls.Post(Calls.ChatPath, Calls.Hello);
            using var response = client.Send(request, TestContext.Current.CancellationToken);
            Assert.Same(spans.Root, Activity.Current);
        }

        // Who counts is not who traces: the spans are whole.
        Assert.All(where is "measurement" ? spans.Spans : [], span => Assert.NotNull(span.GetTagItem("gen_ai.response.id") ?? span.GetTagItem("error.type")));
    }

    [Theory]
    [InlineData(Calls.ChatPath)]
    [InlineData(Calls.ResponsesPath)]
    public async Task Content_leaking_when_off(string path)
    {
        using var client = Calls.Client(
            new StubServer(_ => StubServer.Events(
                $$$"""{"type":"response.output_text.delta","item_id":"m","delta":"{{{Planted}}}","choices":[{"delta":{"content":"{{{Planted}}}","reasoning":"{{{Planted}}}","tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{{{Planted}}}"}}]},"index":0,"finish_reason":"stop"}]}""",
                $$$"""{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"{{{Planted}}}"}]}]}}""")),
            new() { ContentCapture = ContentCapture.None, AttachContent = true });
        using var spans = Calls.Collect();

        await Calls.ReadAll(client, path, $$$"""
            {"model":"m","stream":true,"input":"{{{Planted}}}","instructions":"{{{Planted}}}","messages":[{"role":"user","content":"{{{Planted}}}"},{"role":"tool","tool_call_id":"c","content":"{{{Planted}}}"}],
            "tools":[{"type":"function","name":"f","description":"{{{Planted}}}","function":{"name":"f","description":"{{{Planted}}}"},"parameters":{"{{{Planted}}}":1}}],"metadata":{"a":"{{{Planted}}}"}}
            """);

        AssertNothingPlanted(spans.Only());
        Assert.Equal(["stop"], Calls.Tag<string[]>(spans.Only(), "gen_ai.response.finish_reasons")!);
    }

    [Theory]
    [InlineData(ContentCapture.None)]
    [InlineData(ContentCapture.Full)]
    public async Task Content_leaking_in_the_words_of_an_error_when_off(ContentCapture capture)
    {
        using var spans = Calls.Collect();
        var options = new GenAIInstrumentationOptions { ContentCapture = capture };
        using var refusing = Calls.Client(new StubServer(_ => StubServer.Json($$$"""{"error":{"message":"Not a valid input: {{{Planted}}}"}}""", HttpStatusCode.BadRequest)), options);
        using var failing = Calls.Client(new StubServer(_ => StubServer.Events($$$"""{"error":{"message":"Not a valid input: {{{Planted}}}","code":"400"}}""")), options);
        using var throwing = Calls.Client(new StubServer(_ => throw new InvalidOperationException("Not a valid input: " + Planted)), options);

        await Calls.ReadAll(refusing, Calls.ChatPath, Calls.Hello);
        await Calls.ReadAll(failing, Calls.ChatPath, Calls.Hello);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Calls.ReadAll(throwing, Calls.ChatPath, Calls.Hello));

        Assert.Equal(["400", "400", "System.InvalidOperationException"], spans.Spans.Select(span => (string?)span.GetTagItem("error.type")));
        foreach (var span in spans.Spans)
        {
            if (capture is ContentCapture.Full)
            {
                Assert.Equal("Not a valid input: " + Planted, span.StatusDescription);
                Assert.Equal(span.StatusDescription, Assert.Single(span.Events).Tags.Single(tag => tag.Key == "exception.message").Value);
            }
            else
            {
                AssertNothingPlanted(span);
            }
        }
    }

    [Theory]
    [InlineData("chat", "plain", "stop")]
    [InlineData("chat", "n2-stream", "stop", "stop")]
    [InlineData("chat", "tools-stream", "tool_calls")]
    [InlineData("completions", "stream", "stop")]
    [InlineData("responses", "incomplete-length-stream", "length")]
    public async Task Finish_reasons_as_a_json_string_instead_of_an_array(string folder, string name, params string[] reasons) =>
        Assert.Equal(reasons, Assert.IsType<string[]>((await SpanOf(folder, name)).GetTagItem("gen_ai.response.finish_reasons")));

    [Theory]
    [InlineData("chat", "n2")]
    [InlineData("chat", "n2-stream")]
    [InlineData("completions", "multi")]
    public async Task Several_choices_collapsed_into_one(string folder, string name)
    {
        var span = await SpanOf(folder, name);
        Assert.Equal(2, Calls.Tag<string[]>(span, "gen_ai.response.finish_reasons")!.Length);
        Assert.Equal(2, JsonNode.Parse(Calls.Outputs(span)!)!["choices"]!.AsArray().Count);
        Assert.Equal(2, JsonNode.Parse((string)span.GetTagItem("gen_ai.output.messages")!)!.AsArray().Count(message => message!["parts"]![0]!["content"]!.ToString().Length > 5));
    }

    [Theory]
    [InlineData(Calls.ChatPath, """{"id":"c","choices":[{"delta":{"content":"word "},"index":0,"finish_reason":null}],"model":"m"}""", ContentCapture.None)]
    [InlineData(Calls.ChatPath, """{"id":"c","choices":[{"delta":{"content":"word "},"index":0,"finish_reason":null}],"model":"m"}""", ContentCapture.Full)]
    [InlineData(Calls.ResponsesPath, """{"type":"response.output_text.delta","item_id":"m","content_index":0,"delta":"word ","sequence_number":7}""", ContentCapture.None)]
    [InlineData(Calls.ResponsesPath, """{"type":"response.output_text.delta","item_id":"m","content_index":0,"delta":"word ","sequence_number":7}""", ContentCapture.Full)]
    public void Unbounded_memory_on_long_streams(string path, string chunk, ContentCapture capture)
    {
        const int chunks = 100_000;
        using var spans = Calls.Collect();
        var piece = Encoding.UTF8.GetBytes($"data: {chunk}\n\n");
        using var client = Calls.Client(new StubServer(_ => StubServer.Answer([.. Enumerable.Repeat(piece, chunks)], "text/event-stream")), new() { ContentCapture = capture, AttachContent = true, WriteMessages = false });
        using var request = Calls.Post(path, Calls.Hello);
        using var response = client.Send(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var stream = response.Content.ReadAsStream(TestContext.Current.CancellationToken);
        Span<byte> buffer = stackalloc byte[1000];
        stream.ReadExactly(buffer);
        var before = GC.GetAllocatedBytesForCurrentThread();
        while (stream.Read(buffer) > 0)
        {
        }

        // Without content nothing; with it the text, not the chunks it came in: a buffer that doubles, and the output at the end.
        var text = chunks * "word ".Length;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, capture is ContentCapture.None ? 20_000 : 5 * text);
        Assert.InRange(Calls.Outputs(spans.Only())?.Length ?? 0, 0, text + 300);
    }

    [Theory]
    [InlineData("one line", "xxxxxxxxxx", 0)]
    [InlineData("one text", """data: {"choices":[{"index":0,"delta":{"content":"xxxxxxxxxx"}}]}""" + "\n\n", 33)]
    public async Task Unbounded_memory_on_a_stream_that_never_stops(string what, string piece, int keptMegabytes)
    {
        // The longest text of a span is cut to what the application allows; here it allows all that is kept.
        using var spans = Calls.Collect();
        var million = Encoding.UTF8.GetBytes(piece.Replace("xxxxxxxxxx", new string('x', 1_000_000), StringComparison.Ordinal));
        var end = """data: {"id":"chatcmpl-1","choices":[{"index":0,"finish_reason":"stop"}]}""" + "\n\n";
        using var client = Calls.Client(
            new StubServer(_ => StubServer.Answer([.. Enumerable.Repeat(million, 40), Encoding.UTF8.GetBytes("\n\n" + end)], "text/event-stream")),
            new() { ContentCapture = ContentCapture.Full, AttachContent = true, MaxContentLength = 100_000_000 });

        await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello);

        var span = spans.Only();
        Assert.Equal(["stop"], Calls.Tag<string[]>(span, "gen_ai.response.finish_reasons")!);
        Assert.True(Calls.Outputs(span)!.Length / 1_000_000 == keptMegabytes, what);
    }

    [Fact]
    public async Task Spans_orphaned_from_the_servers_own()
    {
        using var spans = Calls.Collect();
        var server = new StubServer(_ => StubServer.Json("{}"));
        using var client = Calls.Client(server);
        using var request = Calls.Post(Calls.ChatPath, Calls.Hello);

        (await client.SendAsync(request, TestContext.Current.CancellationToken)).Dispose();

        Assert.Equal(spans.Only().Id, Assert.Single(server.Requests).TraceParent);
        Assert.False(request.Headers.Contains("traceparent"));
        Assert.Empty(request.Options);
    }

    private static StubServer Server(string folder, string name)
    {
        var exchange = Fixtures.Live(folder, name);
        return new(_ => StubServer.Answer([.. exchange.Response.Chunk(500)], exchange.ContentType, (HttpStatusCode)exchange.Status));
    }

    private static async Task<Activity> SpanOf(string folder, string name)
    {
        var exchange = Fixtures.Live(folder, name);
        using var spans = Calls.Collect();
        using var client = Calls.Client(Server(folder, name));
        await Calls.ReadAll(client, "http://models.example" + exchange.Path, Encoding.UTF8.GetString(exchange.Request!));
        return Calls.Only(spans);
    }

    /// <summary>A streamed answer's lines, as a client gives them.</summary>
    private static async IAsyncEnumerable<string> Lines(HttpClient client, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var request = Calls.Post(Calls.ChatPath, Calls.Hello);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            yield return line;
        }
    }

    private static void AssertNothingPlanted(Activity span)
    {
        Assert.DoesNotContain(span.TagObjects.Concat(span.Events.SelectMany(happened => happened.Tags)), tag => $"{tag.Value}".Contains(Planted, StringComparison.Ordinal));
        Assert.DoesNotContain(Planted, span.StatusDescription ?? "", StringComparison.Ordinal);
        Assert.Null(Calls.Inputs(span));
        Assert.Null(Calls.Outputs(span));
    }

    [GeneratedRegex("\"(?:prompt|input)_tokens\":(\\d+)")]
    private static partial Regex InputTokens();

    [GeneratedRegex("\"(?:completion|output)_tokens\":(\\d+)")]
    private static partial Regex OutputTokens();
}
