using System.Net;

namespace LlamaStack.Instrumentation;

/// <summary>An answer's content that lets the exchange see what passes, byte for byte as it comes.</summary>
internal sealed class ObservedContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly Exchange _exchange;

    public ObservedContent(HttpContent inner, Exchange exchange)
    {
        _inner = inner;
        _exchange = exchange;
        foreach (var (name, values) in inner.Headers.NonValidated)
        {
            if (!exchange.HidesUsage || !name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            {
                if (values.Count == 1)
                {
                    Headers.TryAddWithoutValidation(name, values.ToString());
                }
                else
                {
                    Headers.TryAddWithoutValidation(name, values);
                }
            }
        }
    }

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) =>
        Observed(_inner.ReadAsStream(cancellationToken));

    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        Observed(await _inner.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));

    private Stream Observed(Stream body)
    {
        var observed = new ObservedStream(body, _exchange);
        return _exchange.HidesUsage ? new UsageFreeStream(observed, _exchange) : observed;
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var body = CreateContentReadStream(cancellationToken);
        body.CopyTo(stream);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var body = await CreateContentReadStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            await body.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
            _exchange.Dispose();
        }

        base.Dispose(disposing);
    }
}
