using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

/// <summary>The stand-in is asked what a real OGX 1.5 was asked, and must answer in the same shape.</summary>
public sealed class CaptureTests
{
    public static TheoryData<string, string> SameShape => Names(
        ("chat", "plain plain-system-temperature tools tools-parallel tool-choice-required tool-choice-function tool-choice-none tool-result tool-result-parts n2 json-schema json-object length refusal image-part developer-role extra-fields null-fields stream-options-without-stream empty-tools message-extra-field"),
        ("completions", "plain multi"),
        ("embeddings", "float batch base64 dimensions user-extra"),
        ("models", "get get-encoded get-embedding"),
        ("rerank", "plain"),
        ("responses", "plain instructions-params input-items function-call tool-choice-required tool-choice-function store-false json-schema incomplete-length refusal background text-verbosity truncation-auto"));

    public static TheoryData<string, string> SameStream => Names(
        ("chat", "stream stream-usage tools-stream tools-parallel-stream n2-stream length-stream refusal-stream"),
        ("completions", "stream stream-no-usage"),
        ("responses", "stream stream-options function-call-stream function-call-parallel-stream function-output-stateless json-schema-stream incomplete-length-stream refusal-stream error-model-unknown-stream error-previous-unknown-stream"));

    public static TheoryData<string, string> SameAnswer => Names(
        ("admin", "health version root ready metrics connectors-v1beta-removed"),
        ("chat", "error-model-unknown error-model-unknown-noslash error-model-unknown-stream error-model-embedding error-no-messages error-empty-messages error-no-model error-temperature error-bad-role error-bad-part error-bad-tool error-tool-choice-without-tools error-bad-json error-no-body error-wrong-content-type"),
        ("completions", "error-model-unknown"),
        ("embeddings", "tokens error-null-dimensions error-null-user error-null-encoding error-model-unknown error-model-llm error-empty-list error-no-input error-encoding"),
        ("http", "unknown-path method-not-allowed method-not-allowed-get head-health options client-version-same"),
        ("models", "get-unknown get-unlisted list-slash register-removed"),
        ("removed", "moderations"),
        ("rerank", "error-model-llm error-v1-path"),
        ("responses", "error-previous-unknown error-model-unknown error-no-input error-no-model error-temperature error-max-output-tokens-small error-tool-type error-tool-type-custom error-stream-background error-background-store-false error-conversation-bad-id conversation-object-form error-bad-json get-unknown error-conversation-and-previous error-conversation-unknown tool-function-no-parameters delete-again get-deleted"));

    [Theory]
    [MemberData(nameof(SameShape))]
    public async Task An_answer_has_the_members_and_nulls_of_the_capture(string folder, string name)
    {
        await using var server = await StartAsync();
        var capture = Capture.Read(folder, name);

        using var response = await capture.SendAsync(server);

        Assert.Equal(capture.Status, (int)response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        Assert.NotNull(response.Content.Headers.ContentLength);
        Assert.Equal(JsonShape.Of(JsonNode.Parse(capture.Body)), JsonShape.Of(JsonNode.Parse(await response.Content.ReadAsStringAsync(Limit.Token))));
    }

    [Theory]
    [MemberData(nameof(SameStream))]
    public async Task A_stream_has_the_frames_of_the_capture_in_its_order(string folder, string name)
    {
        await using var server = await StartAsync();
        var capture = Capture.Read(folder, name);

        using var response = await capture.SendAsync(server);

        Assert.Equal(capture.Status, (int)response.StatusCode);
        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        var frames = HttpCalls.Frames(await response.Content.ReadAsStringAsync(Limit.Token));
        Assert.Equal(JsonShape.OfStream(HttpCalls.Frames(capture.Body)), JsonShape.OfStream(frames));
    }

    [Theory]
    [MemberData(nameof(SameAnswer))]
    public async Task An_error_is_worded_as_in_the_capture(string folder, string name)
    {
        await using var server = await StartAsync();
        var capture = Capture.Read(folder, name);

        using var response = await capture.SendAsync(server);

        Assert.Equal(capture.Status, (int)response.StatusCode);
        Assert.Equal(capture.Body, await response.Content.ReadAsStringAsync(Limit.Token));
        Assert.Equal(capture.Allow, response.Content.Headers.Allow.FirstOrDefault());
    }

    [Theory]
    [InlineData("no-policy-health", null)]
    [InlineData("no-policy-version", null)]
    [InlineData("no-token", null)]
    [InlineData("chat-no-token", null)]
    [InlineData("responses-stream-no-token", null)]
    [InlineData("basic", "Basic dXNlcjpwYXNz")]
    [InlineData("bad-token", "Bearer wrong")]
    [InlineData("no-policy-unknown-path", null)]
    [InlineData("no-policy-unknown-path-with-token", "Bearer secret")]
    public async Task A_server_with_a_key_refuses_as_in_the_capture(string name, string? authorization)
    {
        await using var server = await LlamaStackTestServer.StartAsync(new LlamaStackTestServerOptions { ApiKey = "secret" }, Limit.Token);
        var capture = Capture.Read("auth", name);

        using var response = await capture.SendAsync(server, authorization is null ? [] : [("Authorization", authorization)]);

        Assert.Equal(capture.Status, (int)response.StatusCode);
        Assert.Equal(capture.Body, await response.Content.ReadAsStringAsync(Limit.Token));
        Assert.Equal(capture.Status == 401, response.Headers.TransferEncodingChunked == true);
    }

    [Fact]
    public async Task The_models_are_listed_as_in_the_capture()
    {
        await using var server = await StartAsync();

        var list = await server.GetAsync("/v1/models").JsonAsync();

        var captured = JsonNode.Parse(Capture.Read("models", "list").Body)!;
        var entries = captured["data"]!.AsArray().Where(static model => model!["id"]!.ToString() is "stub/stub-embed" or "stub/stub-rerank" or "stub/stub-chat" or "stub/stub-slow");
        Assert.Equal(entries.Select(JsonShape.Of), list["data"]!.AsArray().Select(JsonShape.Of));
        Assert.Equal("list", list["object"]!.ToString());
    }

    [Fact]
    public async Task A_client_of_another_version_is_sent_away()
    {
        await using var server = await StartAsync();
        var capture = Capture.Read("http", "client-version-old");

        using var response = await capture.SendAsync(server, ("X-OGX-Client-Version", "0.8.0"));

        Assert.Equal(capture.Status, (int)response.StatusCode);
        Assert.Equal(capture.Body, await response.Content.ReadAsStringAsync(Limit.Token));
    }

    [Fact]
    public async Task A_slash_too_many_is_redirected()
    {
        await using var server = await StartAsync();

        using var response = await server.GetAsync("/v1/responses/");

        Assert.Equal(307, (int)response.StatusCode);
        Assert.Equal(new Uri(server.Endpoint, "/v1/responses"), response.Headers.Location);
    }

    private static Task<LlamaStackTestServer> StartAsync()
    {
        var options = new LlamaStackTestServerOptions
        {
            Models =
            [
                new LlamaStackTestModel("stub/stub-embed", LlamaStackTestModelType.Embedding) { EmbeddingDimension = 8 },
                new LlamaStackTestModel("stub/stub-rerank", LlamaStackTestModelType.Rerank),
                new LlamaStackTestModel("stub/stub-chat"),
                new LlamaStackTestModel("stub/stub-slow"),
            ],
        };
        return LlamaStackTestServer.StartAsync(options, Limit.Token);
    }

    private static TheoryData<string, string> Names(params (string Folder, string Names)[] lists) =>
        [.. lists.SelectMany(static list => list.Names.Split(' ').Select(name => (list.Folder, name)))];

    /// <summary>An exchange with the real server.</summary>
    private sealed record Capture(string Method, string Path, byte[]? Request, string? ContentType, int Status, string Body, string? Allow)
    {
        public static Capture Read(string folder, string name)
        {
            var root = Fixtures.Folder(System.IO.Path.Combine("llamastack-live", folder));
            var entry = JsonNode.Parse(File.ReadAllBytes(System.IO.Path.Combine(root, "meta.json")))![name] ?? throw new KeyNotFoundException($"{folder}/{name}");
            var request = entry["request"] is { } file ? JsonNode.Parse(File.ReadAllBytes(System.IO.Path.Combine(root, file.ToString())))!.ToJsonString() : entry["request_raw"]?.ToString();
            var body = entry["response"] is { } answer ? File.ReadAllText(System.IO.Path.Combine(root, answer.ToString())) : "";
            var contentType = entry["request_headers"]?.AsObject().FirstOrDefault(static header => header.Key.Equals("content-type", StringComparison.OrdinalIgnoreCase)).Value?.ToString();
            return new Capture(
                entry["method"]!.ToString(),
                entry["path"]!.ToString(),
                request is null ? null : Encoding.UTF8.GetBytes(request),
                contentType ?? "application/json",
                entry["status"]!.GetValue<int>(),
                body,
                entry["headers"]?["allow"]?.ToString());
        }

        public Task<HttpResponseMessage> SendAsync(LoopbackTestServer server, params (string Name, string Value)[] headers) =>
            server.SendAsync(Method, Path, Request, Request is null ? headers : [.. headers, ("Content-Type", ContentType!)]);
    }
}
