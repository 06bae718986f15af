namespace LlamaStack.Instrumentation.Tests;

/// <summary>Tries a second time after a 5xx, as a resilience handler does.</summary>
internal sealed class TwiceHandler : DelegatingHandler
{
    public TwiceHandler()
    {
    }

    public TwiceHandler(HttpMessageHandler inner)
        : base(inner)
    {
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        return (int)response.StatusCode < 500 ? response : await base.SendAsync(request, cancellationToken);
    }
}
