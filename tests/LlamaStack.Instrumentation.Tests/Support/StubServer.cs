using System.Net;
using System.Net.Http.Headers;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Answers each request with what a test says, in the pieces it says, and keeps what was sent.</summary>
internal sealed class StubServer(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
{
    public List<(string? TraceParent, string Body)> Requests { get; } = [];

    public static HttpResponseMessage Json(string body, HttpStatusCode status = HttpStatusCode.OK) =>
        Answer([System.Text.Encoding.UTF8.GetBytes(body)], "application/json", status);

    public static HttpResponseMessage Events(params string[] events) =>
        Answer([.. events.Select(data => System.Text.Encoding.UTF8.GetBytes($"data: {data}\n\n"))], "text/event-stream; charset=utf-8");

    public static HttpResponseMessage Answer(IReadOnlyList<byte[]> pieces, string? contentType, HttpStatusCode status = HttpStatusCode.OK, Exception? end = null)
    {
        var content = new StreamContent(new PieceStream(pieces, end));
        if (contentType is not null)
        {
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        return new HttpResponseMessage(status) { Content = content };
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add((TraceParentOf(request), request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken)));
        return answer(request);
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(request.Content!.ReadAsStream(cancellationToken));
        Requests.Add((TraceParentOf(request), reader.ReadToEnd()));
        return answer(request);
    }

    private static string? TraceParentOf(HttpRequestMessage request) =>
        request.Headers.TryGetValues("traceparent", out var values) ? values.Single() : null;
}
