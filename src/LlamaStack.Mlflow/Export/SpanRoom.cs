using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>Rented memory for encoded spans: that of one large trace, or that of many small ones. It is given back when the last who needs it lets go.</summary>
/// <param name="bytes">The memory, which is this room's from now on.</param>
internal sealed class SpanRoom(PooledBytes bytes)
{
    /// <summary>A trace larger than this has a room of its own.</summary>
    public const int MaxShare = 16 * 1024;

    private const int SharedSize = 64 * 1024;

    private int _holders = 1;

    /// <summary>A room for small traces; held by who fills it, until it is full.</summary>
    public static SpanRoom ForMany() => new(new PooledBytes(SharedSize));

    /// <summary>Takes in the spans of a trace, which holds the room from then on.</summary>
    /// <returns>False where there is no room for them.</returns>
    public bool TryAdd(ReadOnlySpan<byte> spans, out ReadOnlyMemory<byte> added)
    {
        // It never grows: those who are in it already would lose theirs.
        var start = bytes.Length;
        if (spans.Length >= bytes.Capacity - start)
        {
            added = default;
            return false;
        }

        bytes.Append(spans);
        added = bytes.Memory[start..];
        Interlocked.Increment(ref _holders);
        return true;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            bytes.Return();
        }
    }
}
