using System.Buffers.Binary;
using System.IO.Compression;

namespace LlamaStack.Testing;

/// <summary>The encodings of an OTLP body.</summary>
internal static class OtlpCompression
{
    /// <param name="body">As it was sent.</param>
    /// <param name="encoding">The header's value, in lower case; empty counts as none.</param>
    /// <exception cref="NotSupportedException">Another encoding than gzip and deflate.</exception>
    /// <exception cref="InvalidDataException">The body is not what the header says.</exception>
    public static ReadOnlyMemory<byte> Expand(ReadOnlyMemory<byte> body, string encoding) => encoding switch
    {
        "" => body,
        "gzip" when body.IsEmpty => body,
        "gzip" => Gunzip(body),
        "deflate" => InflateEither(body),
        _ => throw new NotSupportedException($"Unsupported Content-Encoding: {encoding}"),
    };

    /// <summary>With the zlib header, as the standard says, or without, as some clients do.</summary>
    private static ReadOnlyMemory<byte> InflateEither(ReadOnlyMemory<byte> body)
    {
        try
        {
            return Inflate(body, static stream => new ZLibStream(stream, CompressionMode.Decompress));
        }
        catch (InvalidDataException)
        {
            var expanded = Inflate(body, static stream => new DeflateStream(stream, CompressionMode.Decompress));
            return expanded.IsEmpty ? throw new InvalidDataException("The body is neither zlib nor deflate.") : expanded;
        }
    }

    /// <summary>.NET does not mind a body that is cut off; the length at its end tells. Of several members it is the last one's.</summary>
    private static ReadOnlyMemory<byte> Gunzip(ReadOnlyMemory<byte> body)
    {
        var expanded = Inflate(body, static stream => new GZipStream(stream, CompressionMode.Decompress));
        var length = body.Length < 18 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(body.Span[^4..]);
        var several = body.Span[1..].IndexOf((ReadOnlySpan<byte>)[0x1f, 0x8b, 0x08]) >= 0;
        return length == expanded.Length || (several && length < expanded.Length) ? expanded : throw new InvalidDataException("The gzip body is cut off.");
    }

    private static ReadOnlyMemory<byte> Inflate(ReadOnlyMemory<byte> body, Func<Stream, Stream> open)
    {
        using var compressed = open(new MemoryStream(body.ToArray()));
        var expanded = new MemoryStream();
        compressed.CopyTo(expanded);
        return expanded.ToArray();
    }
}
