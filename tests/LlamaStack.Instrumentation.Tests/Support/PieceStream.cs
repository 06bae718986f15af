namespace LlamaStack.Instrumentation.Tests;

/// <summary>A body that comes in the pieces given, one a read, and then ends, or breaks.</summary>
/// <param name="pieces">The pieces.</param>
/// <param name="end">What breaks it after the last one; null for a good end.</param>
/// <param name="delay">What a read of this piece waits for; as from a socket where not given: now at once, now later.</param>
internal sealed class PieceStream(IReadOnlyList<byte[]> pieces, Exception? end, Func<int, Task>? delay = null) : BodyStream
{
    private int _piece;
    private int _offset;

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

    private void Advance()
    {
        while (_piece < pieces.Count && _offset == pieces[_piece].Length)
        {
            _piece++;
            _offset = 0;
        }
    }
}
