using System.Buffers;

namespace LlamaStack.Instrumentation;

/// <summary>A growing buffer of rented memory with one owner, who returns it once and then lets go of it.</summary>
/// <remarks>A buffer that is never returned is only garbage: nothing leaks but the pool's advantage.</remarks>
internal sealed class PooledBytes(int capacity = 256) : IBufferWriter<byte>
{
    /// <summary>More of one body, event or text is not kept: a server that never stops must not fill the memory.</summary>
    public const int MaxKept = 32 * 1024 * 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }

    public int Capacity => _bytes.Length;

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    /// <summary>A part of what has been written, to be written again.</summary>
    public Span<byte> Written(int start, int length) => _bytes.AsSpan(start, length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    public void Append(byte value)
    {
        GetSpan(1)[0] = value;
        Length++;
    }

    /// <summary>Appends, unless that would be more than is kept of anything that passes.</summary>
    public bool TryKeep(ReadOnlySpan<byte> bytes)
    {
        var fits = Length + bytes.Length <= MaxKept;
        if (fits)
        {
            Append(bytes);
        }

        return fits;
    }

    public void Clear() => Length = 0;

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _bytes.AsSpan(Length);
    }

    /// <summary>What has been written, in memory of its own; the buffer's is given back.</summary>
    public byte[] Take()
    {
        var bytes = Span.ToArray();
        Return();
        return bytes;
    }

    /// <summary>Gives the memory back; the buffer is empty then.</summary>
    public void Return()
    {
        var bytes = _bytes;
        _bytes = [];
        Length = 0;
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void EnsureRoom(int size)
    {
        var needed = Length + Math.Max(size, 1);
        if (needed <= _bytes.Length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _bytes.Length * 2));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
