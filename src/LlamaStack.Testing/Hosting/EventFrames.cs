namespace LlamaStack.Testing;

/// <summary>Cuts a stream of server-sent events into its events, each with the empty line that ends it.</summary>
internal static class EventFrames
{
    public static List<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> stream)
    {
        var frames = new List<ReadOnlyMemory<byte>>();
        while (!stream.IsEmpty)
        {
            var end = stream.Span.IndexOf("\n\n"u8) is >= 0 and var found ? found + 2 : stream.Length;
            frames.Add(stream[..end]);
            stream = stream[end..];
        }

        return frames;
    }
}
