using System.Text;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class ScriptedExchangeTests
{
    private const string Path = "/v1/chat/completions";

    [Theory]
    [InlineData("chat", "stream-usage")]
    [InlineData("chat", "error-empty-stream")]
    [InlineData("responses", "guardrails-output-flagged-stream")]
    [InlineData("auth", "no-token")]
    public async Task A_capture_is_played_back_byte_for_byte_one_event_a_chunk(string folder, string name)
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var root = Fixtures.Folder($"llamastack-live/{folder}");
        var exchange = ScriptedExchange.FromMeta(root, name) with { Method = "POST", Path = Path };
        server.Enqueue(exchange);

        var raw = await RawHttp.PostAsync(server.Endpoint, Path, "{}");

        var entry = Fixtures.Read($"llamastack-live/{folder}", "meta.json")[name]!;
        Assert.StartsWith($"HTTP/1.1 {entry["status"]}", raw.Head, StringComparison.Ordinal);
        Assert.Contains($"content-type: {entry["headers"]!["content-type"]}", raw.Head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(entry["response"] is { } file ? await File.ReadAllTextAsync(System.IO.Path.Combine(root, file.ToString()), Limit.Token) : "", string.Concat(raw.Chunks));
        Assert.Equal(entry["http_chunks"]?.GetValue<int>() ?? raw.Chunks.Count, raw.Chunks.Count);
        Assert.True(raw.Complete);
    }

    [Fact]
    public async Task A_capture_knows_which_request_it_answers()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        server.Enqueue(ScriptedExchange.FromMeta(Fixtures.Folder("llamastack-live/models"), "list-slash"));

        var other = await server.GetAsync("/v1/models").JsonAsync();
        using var scripted = await server.GetAsync("/v1/models/");

        Assert.Equal("list", other["object"]!.ToString());
        Assert.Equal(404, (int)scripted.StatusCode);
    }

    [Fact]
    public async Task The_default_model_too_sends_one_frame_a_chunk()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);

        var raw = await RawHttp.PostAsync(server.Endpoint, Path, """{"model":"demo/llama","messages":[{"role":"user","content":"Hi"}],"stream":true}""");

        Assert.True(raw.Chunks.Count > 10);
        Assert.All(raw.Chunks, static chunk =>
        {
            Assert.StartsWith("data: {", chunk, StringComparison.Ordinal);
            Assert.EndsWith("}\n\n", chunk, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Chunks_arrive_one_by_one_as_the_gate_lets_them()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var gates = Enumerable.Range(0, 3).Select(static _ => new TaskCompletionSource()).ToList();
        server.Enqueue(ScriptedExchange.Stream(Path, "data: 0\n\ndata: 1\n\ndata: 2\n\n") with { BeforeChunk = (i, aborted) => gates[i].Task.WaitAsync(aborted) });

        using var response = await server.SendAsync("POST", Path, []);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Limit.Token));

        foreach (var (gate, number) in gates.Select(static (gate, number) => (gate, number)))
        {
            var line = reader.ReadLineAsync(Limit.Token);
            Assert.False(line.IsCompleted);
            gate.SetResult();
            Assert.Equal($"data: {number}", await line);
            Assert.Equal("", await reader.ReadLineAsync(Limit.Token));
        }

        Assert.Null(await reader.ReadLineAsync(Limit.Token));
    }

    [Fact]
    public async Task The_status_line_waits_for_its_gate()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var gate = new TaskCompletionSource();
        server.Enqueue(ScriptedExchange.Json(Path, "{}") with { BeforeHeaders = gate.Task.WaitAsync });

        var sending = server.SendAsync("POST", Path, []);
        await server.WaitForRequestAsync(cancellationToken: Limit.Token);
        Assert.False(sending.IsCompleted);
        gate.SetResult();

        Assert.Equal("{}", await sending.TextAsync());
    }

    [Fact]
    public async Task Delays_go_by_the_server_s_clock()
    {
        var clock = new SteppedTime();
        await using var server = await LlamaStackTestServer.StartAsync(new LlamaStackTestServerOptions { TimeProvider = clock }, Limit.Token);
        server.Enqueue(ScriptedExchange.Json(Path, "{}") with { DelayBeforeHeaders = TimeSpan.FromHours(1) });

        var sending = server.SendAsync("POST", Path, []);
        Assert.Equal(TimeSpan.FromHours(1), await clock.NextTimerAsync(Limit.Token));
        Assert.False(sending.IsCompleted);
        clock.Fire();

        Assert.Equal("{}", await sending.TextAsync());
    }

    [Fact]
    public async Task A_cut_body_reaches_the_caller_and_has_no_end()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        server.Enqueue(ScriptedExchange.Stream(Path, "data: 0\n\ndata: 1\n\n") with { CutAfterBody = true });

        var raw = await RawHttp.PostAsync(server.Endpoint, Path, "{}");

        Assert.Equal(["data: 0\n\n", "data: 1\n\n"], raw.Chunks);
        Assert.False(raw.Complete);
    }

    [Fact]
    public async Task A_body_can_be_cut_in_the_middle_of_a_chunk()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        server.Enqueue(ScriptedExchange.Stream(Path, "data: 0\n\ndata: 1\n\n") with { CutAfterBytes = 12 });

        var raw = await RawHttp.PostAsync(server.Endpoint, Path, "{}");

        Assert.Equal(["data: 0\n\n", "dat"], raw.Chunks);
        Assert.False(raw.Complete);
    }

    [Fact]
    public async Task A_body_with_a_length_can_be_cut_too()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        server.Enqueue(ScriptedExchange.Json(Path, """{"id":"x"}""") with { CutAfterBytes = 4 });

        using var response = await server.SendAsync("POST", Path, []);

        Assert.Equal(10, response.Content.Headers.ContentLength);
        var cut = await Assert.ThrowsAsync<HttpRequestException>(() => response.Content.ReadAsByteArrayAsync(Limit.Token));
        Assert.Equal(HttpRequestError.ResponseEnded, Assert.IsType<HttpIOException>(cut.InnerException).HttpRequestError);
    }

    [Fact]
    public async Task An_exchange_can_end_without_any_answer()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        server.Enqueue(new ScriptedExchange { CutBeforeHeaders = true });

        await Assert.ThrowsAsync<HttpRequestException>(() => server.GetAsync("/v1/health"));

        Assert.Equal("OK", (await server.GetAsync("/v1/health").JsonAsync())["status"]!.ToString());
    }

    [Fact]
    public async Task Several_exchanges_for_a_path_are_given_in_order_and_once()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        server.Enqueue(ScriptedExchange.Json("/v1/health", "1", 500));
        server.Enqueue(ScriptedExchange.Json("/v1/version", "v"));
        server.Enqueue(ScriptedExchange.Json("/v1/health", "2", 503));

        Assert.Equal("1", await server.GetAsync("/v1/health").TextAsync());
        Assert.Equal("2", await server.GetAsync("/v1/health").TextAsync());
        Assert.Equal("""{"status":"OK"}""", await server.GetAsync("/v1/health").TextAsync());
        Assert.Equal("v", await server.GetAsync("/v1/version").TextAsync());
    }

    [Fact]
    public void An_unknown_name_is_told()
    {
        var unknown = Assert.Throws<KeyNotFoundException>(() => ScriptedExchange.FromMeta(Fixtures.Folder("llamastack-live/chat"), "nope"));

        Assert.Contains("nope", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_without_its_last_empty_line_keeps_its_rest()
    {
        var exchange = ScriptedExchange.Stream(Path, "data: 0\n\ndata: 1");

        Assert.Equal(["data: 0\n\n", "data: 1"], exchange.Chunks!.Select(static chunk => Encoding.UTF8.GetString(chunk.Span)));
    }
}
