namespace LlamaStack.Instrumentation.Tests;

/// <summary>A body that comes in the pieces given, one a read, and then ends, or breaks.</summary>
/// <param name="pieces">The pieces.</param>
/// <param name="end">What breaks it after the last one; null for a good end.</param>
/// <param name="delay">What a read of this piece waits for; as from a socket where not given: now at once, now later.</param>
internal sealed class PieceStream(IReadOnlyList<byte[]> pieces, Exception? end, Func<int, Task>? delay = null) : Stream
{
    private int _piece;
    private int _offset;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        Advance();
        if (_piece == pieces.Count)
        {
            return end is null ? 0 : throw end;
        }

        var piece = pieces[_piece].AsSpan(_offset);
        var count = Math.Min(piece.Length, buffer.Length);
        piece[..count].CopyTo(buffer);
        _offset += count;
        return count;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Advance();
        if (delay is not null)
        {
            await delay(_piece);
        }
        else if (_piece % 2 == 1)
        {
            await Task.Yield();
        }

        cancellationToken.ThrowIfCancellationRequested();
        return Read(buffer.Span);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void Advance()
    {
        while (_piece < pieces.Count && _offset == pieces[_piece].Length)
        {
            _piece++;
            _offset = 0;
        }
    }
}
