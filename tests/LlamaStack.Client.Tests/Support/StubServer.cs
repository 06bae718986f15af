using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace LlamaStack.Client.Tests;

/// <summary>A server at the HTTP edge: gives the answers it was given, in their order, and keeps what it was asked. An unexpected call fails.</summary>
internal sealed class StubServer : HttpMessageHandler
{
    private readonly Queue<Func<HttpResponseMessage>> _answers = new();

    public List<Call> Calls { get; } = [];

    public StubServer Json(string body, HttpStatusCode status = HttpStatusCode.OK) => Bytes(Encoding.UTF8.GetBytes(body), "application/json", status);

    public StubServer Events(string body) => Bytes(Encoding.UTF8.GetBytes(body), "text/event-stream; charset=utf-8");

    public StubServer File(string fixture, HttpStatusCode status = HttpStatusCode.OK) =>
        Bytes(Fixtures.Bytes(fixture), fixture.EndsWith(".sse", StringComparison.Ordinal) ? "text/event-stream; charset=utf-8" : "application/json", status);

    public StubServer Bytes(byte[] body, string? contentType, HttpStatusCode status = HttpStatusCode.OK) => Content(() => new ByteArrayContent(body), contentType, status);

    public StubServer Content(Func<HttpContent> content, string? contentType, HttpStatusCode status = HttpStatusCode.OK) => Answer(() =>
    {
        var answer = new HttpResponseMessage(status) { Content = content() };
        answer.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        return answer;
    });

    public StubServer Answer(Func<HttpResponseMessage> answer)
    {
        _answers.Enqueue(answer);
        return this;
    }

    public LlamaStackClient Client(Action<LlamaStackClientOptions>? configure = null, TimeProvider? time = null)
    {
        var options = new LlamaStackClientOptions { Endpoint = new Uri("http://llama.test:8321") };
        configure?.Invoke(options);
        var http = new HttpClient(this);
        ServerHttp.Configure(http, options);
        return new LlamaStackClient(http, options, serverName: null, time ?? TimeProvider.System);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
        Calls.Add(new Call(request, body));
        return _answers.TryDequeue(out var answer) ? answer() : throw new InvalidOperationException($"Unexpected call: {request.Method} {request.RequestUri}");
    }

    internal sealed record Call(HttpRequestMessage Message, string? Body)
    {
        public JsonElement Json => JsonElement.Parse(Body!);
    }
}
