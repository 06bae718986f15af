using System.Buffers.Binary;
using System.Text;

namespace LlamaStack.Testing.Tests;

/// <summary>Writes OTLP trace exports in protobuf, as small as tests need them.</summary>
internal sealed class OtlpWriter
{
    private readonly List<byte> _bytes = [];

    /// <summary>One resource, one scope, these spans.</summary>
    public static byte[] Export(IEnumerable<SentSpan> spans, params (string Key, object? Value)[] resource)
    {
        var scopeSpans = new OtlpWriter().Message(1, new OtlpWriter().Text(1, "tests").Text(2, "1.0"));
        foreach (var span in spans)
        {
            scopeSpans.Message(2, Span(span));
        }

        return new OtlpWriter().Message(1, new OtlpWriter().Message(1, new OtlpWriter().Attributes(1, resource)).Message(2, scopeSpans)).ToArray();
    }

    public byte[] ToArray() => [.. _bytes];

    public OtlpWriter Bytes(int field, byte[] value)
    {
        Varint((ulong)(field << 3) | 2);
        Varint((ulong)value.Length);
        _bytes.AddRange(value);
        return this;
    }

    public OtlpWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public OtlpWriter Message(int field, OtlpWriter message) => Bytes(field, message.ToArray());

    public OtlpWriter Number(int field, ulong value)
    {
        Varint((ulong)(field << 3));
        return Varint(value);
    }

    public OtlpWriter Fixed64(int field, ulong value)
    {
        Varint((ulong)(field << 3) | 1);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _bytes.AddRange(bytes);
        return this;
    }

    private static OtlpWriter Span(SentSpan span)
    {
        var writer = new OtlpWriter()
            .Bytes(1, Convert.FromHexString(span.TraceId))
            .Bytes(2, Convert.FromHexString(span.SpanId))
            .Text(5, span.Name)
            .Number(6, (ulong)span.Kind + 1)
            .Fixed64(7, span.Start)
            .Fixed64(8, span.End)
            .Attributes(9, span.Attributes)
            .Message(15, new OtlpWriter().Text(2, span.StatusMessage).Number(3, (ulong)span.Status));
        if (span.ParentSpanId is { } parent)
        {
            writer.Bytes(4, Convert.FromHexString(parent));
        }

        foreach (var (name, attributes) in span.Events)
        {
            writer.Message(11, new OtlpWriter().Fixed64(1, span.Start).Text(2, name).Attributes(3, attributes));
        }

        return writer;
    }

    private OtlpWriter Attributes(int field, IEnumerable<(string Key, object? Value)> attributes)
    {
        foreach (var (key, value) in attributes)
        {
            Message(field, new OtlpWriter().Text(1, key).Message(2, Value(value)));
        }

        return this;
    }

    private static OtlpWriter Value(object? value) => value switch
    {
        string text => new OtlpWriter().Text(1, text),
        bool flag => new OtlpWriter().Number(2, flag ? 1ul : 0),
        int number => new OtlpWriter().Number(3, (ulong)number),
        long number => new OtlpWriter().Number(3, (ulong)number),
        double number => new OtlpWriter().Fixed64(4, BitConverter.DoubleToUInt64Bits(number)),
        object?[] items => new OtlpWriter().Message(5, items.Aggregate(new OtlpWriter(), static (list, item) => list.Message(1, Value(item)))),
        (string, object?)[] members => new OtlpWriter().Message(6, new OtlpWriter().Attributes(1, members)),
        byte[] bytes => new OtlpWriter().Bytes(7, bytes),
        _ => new OtlpWriter(),
    };

    private OtlpWriter Varint(ulong value)
    {
        for (; value > 0x7f; value >>= 7)
        {
            _bytes.Add((byte)(value | 0x80));
        }

        _bytes.Add((byte)value);
        return this;
    }
}
