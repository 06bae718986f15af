using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>A request on its way to its answer. <see cref="Values"/> are the parts of the path that the route left open, in order.</summary>
internal sealed record Call(HttpContext Http, RecordedRequest Request)
{
    public IReadOnlyList<string> Values { get; init; } = [];

    public HttpResponse Response => Http.Response;

    public CancellationToken Aborted => Http.RequestAborted;
}
