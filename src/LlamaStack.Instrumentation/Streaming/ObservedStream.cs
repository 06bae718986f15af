using System.Runtime.CompilerServices;

namespace LlamaStack.Instrumentation;

/// <summary>A body that lets the exchange see each read: what came, that it is over, that it broke, that nobody wants the rest.</summary>
internal sealed class ObservedStream(Stream inner, Exchange exchange) : BodyStream
{
    public override bool CanRead => inner.CanRead;

    public override bool CanTimeout => inner.CanTimeout;

    public override int ReadTimeout
    {
        get => inner.ReadTimeout;
        set => inner.ReadTimeout = value;
    }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            var count = inner.Read(buffer);
            Saw(buffer, count);
            return count;
        }
        catch (Exception e)
        {
            exchange.Fail(e);
            throw;
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> read;
        try
        {
            read = inner.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e)
        {
            exchange.Fail(e);
            throw;
        }

        if (!read.IsCompletedSuccessfully)
        {
            return Wait(read, buffer);
        }

        var count = read.Result;
        Saw(buffer.Span, count);
        return new ValueTask<int>(count);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            exchange.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <remarks>Pooled: it runs once a chunk.</remarks>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> Wait(ValueTask<int> read, Memory<byte> buffer)
    {
        try
        {
            var count = await read.ConfigureAwait(false);
            Saw(buffer.Span, count);
            return count;
        }
        catch (Exception e)
        {
            exchange.Fail(e);
            throw;
        }
    }

    private void Saw(ReadOnlySpan<byte> buffer, int count)
    {
        if (count > 0)
        {
            exchange.Read(buffer[..count]);
        }
        else if (buffer.Length > 0)
        {
            exchange.Complete();
        }
    }
}
