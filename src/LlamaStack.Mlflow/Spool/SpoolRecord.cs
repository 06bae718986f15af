using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>A trace in a spool file: a frame (mark, length, checksum) and what is in it (time, flags, trace id, what is told by REST, spans). Numbers are little-endian.</summary>
internal static class SpoolRecord
{
    /// <summary>Mark, length and checksum, four bytes each.</summary>
    public const int FrameSize = 12;

    private const int HeadSize = 8 + 1 + 16 + 4;

    public static ReadOnlySpan<byte> Mark => "LSTR"u8;

    /// <summary>A trace as it is written, in parts: spans are not copied.</summary>
    public static ReadOnlyMemory<byte>[] Write(EncodedTrace trace, DateTimeOffset now)
    {
        var told = trace is { Info: null, Links: null } ? [] : JsonSerializer.SerializeToUtf8Bytes(new ToldByRest(trace.Info, trace.Links), MlflowJsonContext.Default.ToldByRest);
        var head = new byte[FrameSize + HeadSize];
        var content = head.AsSpan(FrameSize);
        BinaryPrimitives.WriteInt64LittleEndian(content, now.ToUnixTimeMilliseconds());
        content[8] = trace.TellsMore ? (byte)1 : (byte)0;
        trace.TraceId.CopyTo(content[9..25]);
        BinaryPrimitives.WriteInt32LittleEndian(content[25..], told.Length);

        var sum = Checksum(Checksum(Checksum(0, content), told), trace.Spans.Span);
        Mark.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), HeadSize + told.Length + trace.Spans.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(8), sum);
        return [head, told, trace.Spans];
    }

    /// <summary>Is there a whole and undamaged record at the start of these bytes?</summary>
    public static bool TryMeasure(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (bytes.Length < FrameSize || !bytes.StartsWith(Mark))
        {
            return false;
        }

        var content = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (content < HeadSize || content > bytes.Length - FrameSize || Checksum(0, bytes.Slice(FrameSize, content)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]))
        {
            return false;
        }

        length = FrameSize + content;
        return true;
    }

    /// <summary>When the trace in this record was written.</summary>
    public static DateTimeOffset TimeOf(ReadOnlySpan<byte> record) => DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(record[FrameSize..]));

    /// <summary>The trace in a record.</summary>
    /// <exception cref="JsonException">What it says by REST cannot be read.</exception>
    public static EncodedTrace Read(ReadOnlyMemory<byte> record, ReadOnlyMemory<byte> resource)
    {
        var content = record[FrameSize..];
        var span = content.Span;
        var toldLength = BinaryPrimitives.ReadInt32LittleEndian(span[25..]);
        var told = toldLength == 0 ? null : JsonSerializer.Deserialize(span.Slice(HeadSize, toldLength), MlflowJsonContext.Default.ToldByRest);
        return new EncodedTrace(ActivityTraceId.CreateFromBytes(span[9..25]), resource, content[(HeadSize + toldLength)..], told?.Info, span[8] == 1, told?.Links);
    }

    /// <summary>CRC-32C, as processors have it built in.</summary>
    public static uint Checksum(uint sum, ReadOnlySpan<byte> bytes)
    {
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            sum = BitOperations.Crc32C(sum, word);
        }

        foreach (var rest in bytes[(bytes.Length & ~7)..])
        {
            sum = BitOperations.Crc32C(sum, rest);
        }

        return sum;
    }
}

/// <summary>What is told of a trace beside its spans.</summary>
internal sealed record ToldByRest(
    [property: JsonPropertyName("info")] StartTraceInfo? Info,
    [property: JsonPropertyName("links")] TraceLinks? Links);
