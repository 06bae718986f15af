namespace LlamaStack.Instrumentation;

/// <summary>A request's body, read without using it up. Null where it has none.</summary>
internal static class RequestBody
{
    public static async ValueTask<PooledBytes?> ReadAsync(HttpContent? content, CancellationToken cancellationToken)
    {
        if (content is not null && !IsInMemory(content))
        {
            await content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
        }

        return Read(content, cancellationToken);
    }

    public static PooledBytes? Read(HttpContent? content, CancellationToken cancellationToken)
    {
        if (content is null)
        {
            return null;
        }

        // Content in memory gives a view of itself; any other is buffered by this, once, and sent from there.
        var stream = content.ReadAsStream(cancellationToken);
        var bytes = new PooledBytes(stream.CanSeek ? (int)Math.Clamp(stream.Length + 1, 256, int.MaxValue) : 4096);
        int read;
        while ((read = stream.Read(bytes.GetSpan(1))) > 0)
        {
            bytes.Advance(read);
        }

        if (stream.CanSeek)
        {
            stream.Position = 0;
        }

        return bytes;
    }

    private static bool IsInMemory(HttpContent content) => content is ByteArrayContent or ReadOnlyMemoryContent;
}
