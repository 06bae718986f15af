using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;

namespace LlamaStack.Client.Tests;

/// <summary>What the server says when it refuses reaches the caller, in whichever shape it says it.</summary>
public sealed class ErrorTests
{
    public static TheoryData<string, int> RecordedErrors() =>
    [
        .. from exchange in Fixtures.Exchanges(path => path.StartsWith("/v1/chat/completions", StringComparison.Ordinal)
                || path.StartsWith("/v1/responses", StringComparison.Ordinal) || path.StartsWith("/v1/models", StringComparison.Ordinal)
                || path is "/v1/embeddings" or "/v1/health" or "/v1/version")
           where exchange.Status >= 400 && exchange.Response?.EndsWith(".json", StringComparison.Ordinal) == true
           select new TheoryDataRow<string, int>(exchange.Response!, exchange.Status),
        .. from file in Fixtures.Files("llamastack-wire/errors", "error-*.json")
           where !file.EndsWith(".request.json", StringComparison.Ordinal)
           select new TheoryDataRow<string, int>(file, Path.GetFileName(file).Split('-')[1] is var code && int.TryParse(code, out var status) ? status : 404),
        .. from file in Fixtures.Files("llamastack-wire/legacy", "legacy-error-*.json")
           where !file.EndsWith(".request.json", StringComparison.Ordinal)
           select new TheoryDataRow<string, int>(file, 400),
    ];

    [Theory]
    [MemberData(nameof(RecordedErrors))]
    public async Task A_recorded_error_gives_the_servers_words_and_status(string file, int status)
    {
        var plain = await Assert.ThrowsAsync<LlamaStackException>(
            () => new StubServer().File(file, (HttpStatusCode)status).Client().CreateChatCompletionAsync(new ChatCompletionRequest(), Ct));
        var streamed = await Assert.ThrowsAsync<LlamaStackException>(
            () => new StubServer().File(file, (HttpStatusCode)status).Client().StreamResponseAsync(new ResponseRequest(), Ct).ToListAsync());

        Assert.All([plain, streamed], error =>
        {
            Assert.Equal((HttpStatusCode)status, error.StatusCode);
            Assert.Equal(Said(Fixtures.Json(file)), error.ServerMessage);
            Assert.Contains(error.ServerMessage!, error.Message, StringComparison.Ordinal);
            Assert.Contains($"{status} ", error.Message, StringComparison.Ordinal);
            Assert.Contains("http://llama.test:8321/v1/", error.Message, StringComparison.Ordinal);
            Assert.False(error.IsTimeout);
        });
    }

    [Theory]
    [InlineData("""{"error":{"message":"Too many","type":"rate_limit","code":"rate_limit_exceeded"}}""", "Too many", "rate_limit_exceeded")]
    [InlineData("""{"object":"error","message":"No such model","code":404}""", "No such model", "404")]
    [InlineData("""{"type":"error","error":{"type":"not_found_error","message":"Nothing"}}""", "Nothing", null)]
    [InlineData("""{"title":"Bad gateway","status":502,"detail":"The backend is away"}""", "The backend is away", null)]
    [InlineData("""{"error":"broken"}""", "broken", null)]
    [InlineData("""{"detail":[{"loc":["body"],"msg":"Field required"}]}""", """[{"loc":["body"],"msg":"Field required"}]""", null)]
    [InlineData("""["why"]""", """["why"]""", null)]
    [InlineData("upstream connect error", "upstream connect error", null)]
    [InlineData("<html><body>502</body></html>", null, null)]
    [InlineData("", null, null)]
    [InlineData("null", null, null)]
    [InlineData("{}", null, null)]
    [InlineData("""{"error":{"message":""}}""", null, null)]
    public async Task Any_other_error_body_is_read_as_far_as_it_goes(string body, string? message, string? code)
    {
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => new StubServer().Json(body, HttpStatusCode.BadGateway).Client().ListModelsAsync(Ct));
        Assert.Equal((message, code, HttpStatusCode.BadGateway), (error.ServerMessage, error.Code, error.StatusCode));
    }

    [Fact]
    public async Task A_long_error_is_cut()
    {
        var body = JsonSerializer.Serialize(new { detail = new string('x', 1_998) + "🙂🙂" });
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => new StubServer().Json(body, HttpStatusCode.BadRequest).Client().ListModelsAsync(Ct));
        Assert.Equal(new string('x', 1_998) + "…", error.ServerMessage);
    }

    [Fact]
    public async Task A_gateways_request_id_and_retry_after_are_kept()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        var server = new StubServer()
            .Answer(() => Busy(new RetryConditionHeaderValue(TimeSpan.FromSeconds(7))))
            .Answer(() => Busy(new RetryConditionHeaderValue(time.GetUtcNow().AddSeconds(9))))
            .Answer(() => Busy(new RetryConditionHeaderValue(time.GetUtcNow().AddSeconds(-9))))
            .Answer(() => Busy(null));
        var client = server.Client(time: time);

        TimeSpan?[] expected = [TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(9), TimeSpan.Zero, null];
        foreach (var wait in expected)
        {
            var error = await Assert.ThrowsAsync<LlamaStackException>(() => client.GetHealthAsync(Ct));
            Assert.Equal((wait, "req-1"), (error.RetryAfter, error.RequestId));
        }

        static HttpResponseMessage Busy(RetryConditionHeaderValue? retry)
        {
            var answer = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) { Content = new StringContent("{}"), Headers = { RetryAfter = retry } };
            answer.Headers.Add("x-request-id", "req-1");
            return answer;
        }
    }

    [Theory]
    [InlineData("<html></html>", "text/html")]
    [InlineData("OK", "text/plain")]
    [InlineData("", null)]
    [InlineData("null", "application/json")]
    [InlineData("[]", "application/json")]
    [InlineData("""{"choices":7}""", "application/json")]
    [InlineData("""{"created":1e300}""", "application/json")]
    public async Task A_good_status_without_the_expected_json_is_an_error_that_names_the_content_type(string body, string? contentType)
    {
        var server = new StubServer().Bytes(System.Text.Encoding.UTF8.GetBytes(body), contentType);
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => server.Client().CreateChatCompletionAsync(new ChatCompletionRequest(), Ct));
        Assert.Equal(HttpStatusCode.OK, error.StatusCode);
        Assert.Contains($"content type: {contentType ?? "none"}", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.InnerException);
    }

    [Theory]
    [InlineData("", "text/event-stream", "without any event")]
    [InlineData("data: [DONE]\n\n", "text/event-stream", "without any event")]
    [InlineData("<html>data</html>", "text/html", "content type: text/html")]
    [InlineData("""{"error":{"message":"Not today"}}""", "application/json", "Not today")]
    [InlineData("""{"id":"x","choices":[]}""", "application/json", "one JSON document")]
    [InlineData("data: {not json}\n\n", "text/event-stream", "not the expected JSON")]
    [InlineData("data: {\"error\" not json}\n\n", "text/event-stream", "not the expected JSON")]
    [InlineData("data: {\"choices\":7}\n\n", "text/event-stream", "not the expected JSON")]
    public async Task A_good_status_without_the_expected_stream_is_an_error(string body, string contentType, string says)
    {
        var server = new StubServer().Bytes(System.Text.Encoding.UTF8.GetBytes(body), contentType);
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => server.Client().StreamChatCompletionAsync(new ChatCompletionRequest(), Ct).ToListAsync());
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, error.StatusCode);
    }

    [Theory]
    [InlineData("""{"error":{"message":"Quota exceeded","code":"429"}}""", "Quota exceeded")]
    [InlineData("""{"error":"Quota exceeded"}""", "Quota exceeded")]
    public async Task An_error_under_a_good_status_is_an_error(string body, string message)
    {
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => new StubServer().Json(body).Client().CreateChatCompletionAsync(new ChatCompletionRequest(), Ct));
        Assert.Equal(message, error.ServerMessage);
    }

    [Theory]
    [InlineData(HttpRequestError.NameResolutionError, "cannot be reached", "LlamaStack:Endpoint or LLAMA_STACK_CLIENT_BASE_URL")]
    [InlineData(HttpRequestError.ConnectionError, "cannot be reached", "LlamaStack:Endpoint or LLAMA_STACK_CLIENT_BASE_URL")]
    [InlineData(HttpRequestError.SecureConnectionError, "cannot be trusted", "LlamaStack:CertificateAuthorityFile")]
    [InlineData(HttpRequestError.InvalidResponse, "did not answer", "http://llama.test:8321/v1/")]
    public async Task A_failed_connection_says_what_to_set(HttpRequestError kind, string says, string setting)
    {
        var server = new StubServer().Answer(() => throw new HttpRequestException(kind, "Something of the transport"));
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => server.Client().GetHealthAsync(Ct));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Contains(setting, error.Message, StringComparison.Ordinal);
        Assert.Contains("Something of the transport", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data: {\"type\":\"response.completed\"}\n\ndata: {}\n\n", null)]
    [InlineData("data: {\"type\":\"a\"}\n\n", typeof(LlamaStackException))]
    [InlineData("data: {\"type\":\"error\"}\n\ndata: {}\n\n", typeof(LlamaStackException))]
    [InlineData("data: {\n\n", typeof(LlamaStackException))]
    [InlineData("data: [DONE]\n\n", typeof(LlamaStackException))]
    [InlineData("", typeof(LlamaStackException))]
    public async Task The_body_is_closed_at_every_end(string body, Type? exception)
    {
        var content = new ClosingStream(System.Text.Encoding.UTF8.GetBytes(body));
        var stream = new StubServer().Content(() => new StreamContent(content), "text/event-stream").Client().StreamResponseAsync(new ResponseRequest(), Ct);
        var error = await Record.ExceptionAsync(stream.ToListAsync);
        Assert.Equal(exception, error?.GetType());
        Assert.False(content.CanRead);
    }

    [Fact]
    public async Task A_response_stream_without_its_last_event_is_an_error_after_what_came()
    {
        var events = new List<ResponseStreamEvent>();
        var error = await Assert.ThrowsAsync<LlamaStackException>(async () =>
        {
            var server = new StubServer().Events("""data: {"type":"response.output_text.delta","delta":"Hel"}""" + "\n\n");
            await foreach (var item in server.Client().StreamResponseAsync(new ResponseRequest(), Ct))
            {
                events.Add(item);
            }
        });
        Assert.Equal("Hel", Assert.IsType<ResponseOutputTextDeltaEvent>(Assert.Single(events)).Delta);
        Assert.Contains("before the response was complete", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_but_told()
    {
        var server = new StubServer().Answer(() => new HttpResponseMessage(HttpStatusCode.TemporaryRedirect)
        {
            Headers = { Location = new Uri("https://elsewhere.test/v1/health?token=secret") },
            Content = new StringContent(""),
        });
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => server.Client().GetHealthAsync(Ct));
        Assert.Contains("moved to https://elsewhere.test/v1/health (set LlamaStack:Endpoint", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "without a key (setting LlamaStack:ApiKey or LLAMA_STACK_CLIENT_API_KEY)")]
    [InlineData("key", "answered 401 Unauthorized to GET /v1/models: Authentication required.")]
    public async Task A_missing_key_is_told_from_a_wrong_one(string? key, string says)
    {
        var server = new StubServer().Json("""{"error":{"message":"Authentication required."}}""", HttpStatusCode.Unauthorized);
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => server.Client(options => options.ApiKey = key).ListModelsAsync(Ct));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_of_a_handler_in_the_pipeline_stays_what_it_is()
    {
        var server = new StubServer().Answer(() => throw new InvalidOperationException("The token service is away."));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => server.Client().GetHealthAsync(Ct));
        Assert.Equal("The token service is away.", error.Message);
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("")]
    [InlineData("a//b")]
    public async Task An_id_does_not_lead_out_of_its_path(string id)
    {
        var client = new StubServer().Client();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.GetModelAsync(id, Ct));
    }

    /// <summary>A body of a network, which cannot be rewound.</summary>
    private sealed class ClosingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }

    private static string Said(JsonElement body)
    {
        var error = body.TryGetProperty("error", out var inner) ? inner : body;
        var message = error.TryGetProperty("message", out var text) ? text : error.GetProperty("detail");
        var said = message.ValueKind == JsonValueKind.String ? message.GetString()! : message.GetRawText();
        return said.Length <= 2_000 ? said : said[..1_999] + "…";
    }
}
