using System.Diagnostics;
using System.Text.Json.Nodes;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Tools that the server runs itself while it streams a response are spans below the call's.</summary>
public sealed class HostedToolTests
{
    /// <summary>Exchanges of a real server, and the spans of its tools.</summary>
    public static TheoryData<string, string[]> Streams() => new()
    {
        { "file-search-stream", ["Retriever retrieval vs_fd24c770-1294-41a1-bc3d-3c58ac05fef0 Unset"] },
        { "web-search-no-key-stream", ["Tool execute_tool web_search Error"] },
        { "mcp-stream", ["Tool tools/list stub Unset", "Tool execute_tool roll_dice Unset"] },
        { "mcp-tool-error-stream", ["Tool tools/list stub Unset", "Tool execute_tool broken Error"] },
        { "mcp-approval-stream", ["Tool tools/list stub Unset"] },
        { "function-call-stream", [] },
        { "function-call-parallel-stream", [] },
        { "reasoning-stream", [] },
        { "stream", [] },
        { "refusal-stream", [] },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Each_hosted_tool_is_a_span_below_the_call(string exchange, string[] tools)
    {
        using var spans = Calls.Collect();
        var current = Activity.Current;
        await Replay.Run(Fixtures.Live("responses", exchange));

        var call = spans.Spans[^1];
        Assert.Equal(ActivityKind.Client, call.Kind);
        Assert.Equal(tools, spans.Spans.SkipLast(1).Select(span => $"{SpanContent.Of(span)!.Type} {span.DisplayName} {span.Status}"));
        Assert.All(spans.Spans.SkipLast(1), span =>
        {
            Assert.Equal(call, span.Parent);
            Assert.Equal(ActivityKind.Internal, span.Kind);
            Assert.True(span.StartTimeUtc >= call.StartTimeUtc && span.StartTimeUtc + span.Duration <= call.StartTimeUtc + call.Duration, "A tool runs while the response does.");
            Assert.DoesNotContain(span.TagObjects, tag => tag.Key.StartsWith("gen_ai.usage.", StringComparison.Ordinal));
        });
        Assert.Same(current, Activity.Current);
    }

    [Fact]
    public async Task A_file_search_has_its_question_and_its_documents()
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("responses", "file-search-stream"));

        var search = spans.Spans[0];
        Assert.Equal("""{"query":["search: where does the red fox live?"]}""", Calls.Inputs(search));
        Assert.Equal("search: where does the red fox live?", search.GetTagItem("gen_ai.retrieval.query.text"));
        Assert.Equal(
            ["Chunk text", "Blue whales swim near Bergen.", "OGX is a server. The red fox lives in Oslo."],
            JsonNode.Parse((string)search.GetTagItem("gen_ai.retrieval.documents")!)!.AsArray().Select(document => (string)document!["content"]!));
        Assert.Equal(("retrieval", "file_search", "datastore"), (search.GetTagItem("gen_ai.operation.name"), search.GetTagItem("gen_ai.tool.name"), search.GetTagItem("gen_ai.tool.type")));
    }

    [Fact]
    public async Task An_MCP_call_has_its_arguments_and_its_result()
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("responses", "mcp-stream"));

        var call = spans.Spans[1];
        Assert.Equal("""{"sides": 3}""", call.GetTagItem("gen_ai.tool.call.arguments"));
        Assert.Equal("You rolled a 4", call.GetTagItem("gen_ai.tool.call.result"));
        Assert.Equal(("execute_tool", "tools/call", "stub"), (call.GetTagItem("gen_ai.operation.name"), call.GetTagItem("mcp.method.name"), call.GetTagItem("llama_stack.mcp.server_label")));
        Assert.Equal("fc_19f2aadf-774d-4a7b-b6ee-21a605bae8dd", call.GetTagItem("gen_ai.tool.call.id"));
        Assert.Equal("tools/list", spans.Spans[0].GetTagItem("mcp.method.name"));
        Assert.StartsWith("[{", (string?)spans.Spans[0].GetTagItem("gen_ai.tool.call.result"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_web_search_has_the_arguments_that_were_streamed_before_it()
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("responses", "web-search-no-key-stream"));

        Assert.Equal("""{"query": "Please search the web"}""", spans.Spans[0].GetTagItem("gen_ai.tool.call.arguments"));
        Assert.Equal("tool_error", spans.Spans[0].GetTagItem("error.type"));
    }

    [Theory]
    [InlineData("""{"type":"web_search_call","id":"w","status":"completed","action":{"type":"search","query":"q"}}""", """{"type":"search","query":"q"}""", null)]
    [InlineData("""{"type":"code_interpreter_call","id":"c","status":"completed","code":"1+1","outputs":[{"type":"logs","logs":"2"}]}""", """{"code":"1+1"}""", """[{"type":"logs","logs":"2"}]""")]
    [InlineData("""{"type":"image_generation_call","id":"i","status":"completed","revised_prompt":"a fox","result":"AAAA"}""", """{"prompt":"a fox"}""", "[image, 3 bytes, sha256 of its base64 63c1dd951ffedf6f...]")]
    [InlineData("""{"type":"mcp_call","id":"m","name":"f","arguments":"not json","output":"{\"a\":1}","error":null}""", "not json", """{"a":1}""")]
    public async Task What_a_tool_was_given_and_gave_back_is_read_from_its_item(string item, string inputs, string? outputs)
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(
            $$"""{"type":"response.output_item.added","item":{{item}}}""",
            $$"""{"type":"response.output_item.done","item":{{item}}}""",
            """{"type":"response.completed","response":{"status":"completed","output":[]}}""")));

        await Calls.ReadAll(client, Calls.ResponsesPath, """{"model":"m","stream":true,"input":"Hi"}""");

        var tool = spans.Spans[0];
        Assert.Equal(inputs, tool.GetTagItem("gen_ai.tool.call.arguments"));
        Assert.Equal(outputs, tool.GetTagItem("gen_ai.tool.call.result"));
        Assert.Equal(ActivityStatusCode.Unset, tool.Status);
    }

    [Fact]
    public async Task Without_content_a_tools_span_says_nothing_of_what_went_in_or_out()
    {
        const string planted = "planted words";
        var item = $$"""{"type":"mcp_call","id":"m","name":"f","server_label":"s","arguments":"{\"a\":\"{{planted}}\"}","output":"{{planted}}","error":"{{planted}}"}""";
        using var spans = Calls.Collect();
        using var client = Calls.Client(
            new StubServer(_ => StubServer.Events(
                $$"""{"type":"response.output_item.added","item":{{item}}}""",
                $$"""{"type":"response.output_item.done","item":{{item}}}""",
                """{"type":"response.completed","response":{"status":"completed","output":[]}}""")),
            new() { ContentCapture = ContentCapture.None, AttachContent = true });

        await Calls.ReadAll(client, Calls.ResponsesPath, """{"model":"m","stream":true,"input":"Hi"}""");

        var tool = spans.Spans[0];
        Assert.Equal("execute_tool f", tool.DisplayName);
        Assert.Equal("The tool failed.", tool.StatusDescription);
        Assert.DoesNotContain(tool.TagObjects, tag => $"{tag.Value}".Contains(planted, StringComparison.Ordinal));
        Assert.Null(Calls.Inputs(tool));
        Assert.Null(Calls.Outputs(tool));
    }

    [Fact]
    public async Task A_tool_that_still_runs_when_the_reader_leaves_ends_with_the_call()
    {
        using var spans = Calls.Collect();
        await Replay.Run(Fixtures.Live("responses", "mcp-stream"), readUntil: "response.mcp_call.in_progress");

        Assert.Equal(["tools/list stub", "execute_tool roll_dice", "chat stub/stub-chat"], spans.Spans.Select(span => span.DisplayName));
        Assert.All(spans.Spans, span => Assert.True(span.IsStopped));
        Assert.Equal([null, "abandoned", "abandoned"], spans.Spans.Select(span => span.GetTagItem("llama_stack.stream.ending")));
    }

    [Fact]
    public async Task A_tool_that_still_runs_when_the_stream_breaks_failed_with_it()
    {
        var recorded = Fixtures.Live("responses", "mcp-stream");
        var cut = recorded.Response.AsSpan().IndexOf("response.mcp_call.completed"u8);
        using var spans = Calls.Collect();
        await Replay.Run(recorded with { Response = recorded.Response[..cut] });

        var (tool, call) = (spans.Spans[1], spans.Spans[2]);
        Assert.Equal(("stream_ended_early", "stream_ended_early"), (tool.GetTagItem("error.type"), call.GetTagItem("error.type")));
        Assert.Equal(ActivityStatusCode.Error, tool.Status);
    }

    [Fact]
    public async Task An_item_that_is_only_told_when_it_is_done_has_a_span()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Events(
            """{"type":"response.output_item.done","item":{"type":"web_search_call","id":"w","status":"completed"}}""",
            """{"type":"response.completed","response":{"status":"completed","output":[]}}""")));

        await Calls.ReadAll(client, Calls.ResponsesPath, """{"model":"m","stream":true,"input":"Hi"}""");

        Assert.Equal(["execute_tool web_search", "chat m"], spans.Spans.Select(span => span.DisplayName));
    }
}
