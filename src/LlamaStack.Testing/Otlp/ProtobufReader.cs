using System.Buffers.Binary;
using System.Text;

namespace LlamaStack.Testing;

/// <summary>Reads a protobuf message field by field; <see cref="InvalidDataException"/> says that it is none.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private static readonly UTF8Encoding _strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private ReadOnlySpan<byte> _rest = message;

    public int Field { get; private set; }

    public WireType Type { get; private set; }

    /// <summary>The value of a numeric field, as raw bits.</summary>
    public ulong Number { get; private set; }

    /// <summary>The value of a string, bytes or message field.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        var tag = ReadVarint();
        (Field, Type) = (checked((int)(tag >> 3)), (WireType)(tag & 7));
        switch (Type)
        {
            case WireType.Varint:
                Number = ReadVarint();
                break;
            case WireType.Fixed64:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));
                break;
            case WireType.Bytes:
                Bytes = Take(ReadVarint());
                break;
            case WireType.Fixed32:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
                break;
            default:
                // Groups have been out of use since before OTLP.
                throw new InvalidDataException($"Field {Field} has wire type {Type}.");
        }

        return Field > 0 ? true : throw new InvalidDataException("A field has number 0.");
    }

    public readonly string Text()
    {
        try
        {
            return _strictUtf8.GetString(Bytes);
        }
        catch (DecoderFallbackException invalid)
        {
            throw new InvalidDataException($"Field {Field} is not UTF-8.", invalid);
        }
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
        {
            throw new InvalidDataException("The message ends inside a field.");
        }

        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private ulong ReadVarint()
    {
        var value = 0ul;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var next = Take(1)[0];
            value |= (next & 0x7ful) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("A number has more than ten bytes.");
    }
}
