using System.Net;

namespace LlamaStack.Mlflow;

/// <summary>A body that lies in several places in memory: it is sent from there, and never copied together.</summary>
internal sealed class PartsContent(IReadOnlyList<ReadOnlyMemory<byte>> parts) : HttpContent
{
    private int _readers;

    /// <summary>Gets a value indicating whether somebody has begun to read the body and has not come to its end: he may go on after the answer.</summary>
    public bool IsBeingRead => Volatile.Read(ref _readers) != 0;

    protected override bool TryComputeLength(out long length)
    {
        length = parts.Sum(static part => (long)part.Length);
        return true;
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _readers);
        foreach (var part in parts)
        {
            stream.Write(part.Span);
        }

        Interlocked.Decrement(ref _readers);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _readers);
        foreach (var part in parts)
        {
            await stream.WriteAsync(part, cancellationToken).ConfigureAwait(false);
        }

        Interlocked.Decrement(ref _readers);
    }
}
