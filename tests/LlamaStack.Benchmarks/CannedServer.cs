using System.Net;
using System.Net.Http.Headers;
using LlamaStack.Instrumentation;

namespace LlamaStack.Benchmarks;

/// <summary>Answers at once, out of memory: what is measured is the client's side alone.</summary>
internal sealed class CannedServer(byte[] body, string contentType, int pieceSize = int.MaxValue) : HttpMessageHandler
{
    private readonly MediaTypeHeaderValue _contentType = MediaTypeHeaderValue.Parse(contentType);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(Send(request, cancellationToken));

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var content = new StreamContent(new Pieces(body, pieceSize));
        content.Headers.ContentType = _contentType;
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
    }

    /// <summary>A body that comes a piece a read, as from a server that flushes each event.</summary>
    private sealed class Pieces(byte[] body, int size) : BodyStream
    {
        private int _position;

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(Math.Min(size, buffer.Length), body.Length - _position);
            body.AsSpan(_position, count).CopyTo(buffer);
            _position += count;
            return count;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
    }
}
