using System.Net.Sockets;

namespace LlamaStack.Client;

/// <summary>Sends a request once more when the connection that it was given turns out to be closed.</summary>
/// <remarks>The server closes a connection right after an answer that came of an exception, as each error of a model's provider does, and does not say so:
/// whoever gets the connection from the pool at that moment meets a reset. Only failures before the first byte of an answer are repeated; the runtime does the
/// same for requests without a body.</remarks>
internal sealed class StaleConnectionHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (IsClosed(exception) && request.Content is ByteArrayContent)
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsClosed(HttpRequestException exception) =>
        exception.HttpRequestError == HttpRequestError.ResponseEnded
        || exception is { HttpRequestError: not HttpRequestError.ConnectionError, InnerException: IOException { InnerException: SocketException } };
}
