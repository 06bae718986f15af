using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>Writes protobuf into one buffer, nested messages too: their length is filled in when they end.</summary>
/// <remarks>
/// OTLP needs six of protobuf's features and no field number above 15, and the content of a span goes in as the bytes it came in. A message class per span and a
/// string per prompt is what the stock exporters pay.
/// </remarks>
internal sealed class ProtobufWriter(PooledBytes output)
{
    /// <summary>Lengths of nested messages always take four bytes, up to 256 MiB: a varint may have leading zeros.</summary>
    private const int LengthSize = 4;

    /// <summary>A length up to this takes one byte.</summary>
    private const int MaxShortLength = 127;

    /// <summary>Two lengths of two texts, and their tags: what a pair takes beside its texts, less the first two bytes.</summary>
    private const int PairHeads = 6;

    private const int MaxVarint = 10;

    /// <summary>So many characters are never more bytes than that.</summary>
    private const int MaxShortText = MaxShortLength / 3;

    /// <summary>How many bytes a nested message takes with its tag and length.</summary>
    public static int LengthOf(int message) => 1 + (BitOperations.Log2((uint)message | 1) / 7) + 1 + message;

    /// <summary>Starts a nested message whose length is known.</summary>
    public void Open(int field, int length)
    {
        Tag(field, 2);
        Varint((ulong)length);
    }

    /// <summary>Starts a nested message.</summary>
    /// <returns>What <see cref="End"/> needs.</returns>
    public int Start(int field)
    {
        Tag(field, 2);
        output.GetSpan(LengthSize);
        output.Advance(LengthSize);
        return output.Length;
    }

    public void End(int start)
    {
        var length = output.Length - start;
        var target = output.Written(start - LengthSize, LengthSize);
        target[0] = (byte)((length & 0x7F) | 0x80);
        target[1] = (byte)(((length >> 7) & 0x7F) | 0x80);
        target[2] = (byte)(((length >> 14) & 0x7F) | 0x80);
        target[3] = (byte)((length >> 21) & 0x7F);
    }

    public void Varint(int field, ulong value)
    {
        Tag(field, 0);
        Varint(value);
    }

    public void Fixed64(int field, ulong value)
    {
        Tag(field, 1);
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Open(field, value.Length);
        output.Append(value);
    }

    public void Text(int field, ReadOnlySpan<char> value)
    {
        Tag(field, 2);
        if (value.Length <= MaxShortText)
        {
            // Its length takes one byte, whatever the characters: there is no need to count first.
            var target = output.GetSpan(1 + (3 * MaxShortText));
            var length = Encoding.UTF8.GetBytes(value, target[1..]);
            target[0] = (byte)length;
            output.Advance(1 + length);
            return;
        }

        Varint((ulong)Encoding.UTF8.GetByteCount(value));
        output.Advance(Encoding.UTF8.GetBytes(value, output.GetSpan(Encoding.UTF8.GetMaxByteCount(value.Length))));
    }

    /// <summary>Writes a message of a text, and of a message of another text: an attribute with its value. Nearly all of them are so short that each length takes one byte.</summary>
    /// <param name="field">The number of the outer message, below 16.</param>
    /// <param name="key">The first text.</param>
    /// <param name="value">The second text.</param>
    /// <returns>False where they are too long for that; nothing is written then.</returns>
    public bool TryShortPair(int field, string key, string value)
    {
        if (key.Length + value.Length > MaxShortLength - PairHeads)
        {
            return false;
        }

        var target = output.GetSpan(2 + (3 * MaxShortLength));
        var keyLength = Encoding.UTF8.GetBytes(key, target[4..]);
        var inner = target[(6 + keyLength)..];
        var valueLength = Encoding.UTF8.GetBytes(value, inner[2..]);
        (inner[0], inner[1]) = ((1 << 3) | 2, (byte)valueLength);
        return TryEndPair(target, field, keyLength, 2 + valueLength);
    }

    /// <summary>Writes a message of a text, and of a message of a number.</summary>
    /// <param name="field">The number of the outer message, below 16.</param>
    /// <param name="key">The text.</param>
    /// <param name="numberField">The number of the number's field, below 16.</param>
    /// <param name="number">The number.</param>
    /// <returns>False where the text is too long for lengths of one byte; nothing is written then.</returns>
    public bool TryShortPair(int field, string key, int numberField, ulong number)
    {
        if (key.Length > MaxShortLength - PairHeads - MaxVarint)
        {
            return false;
        }

        var target = output.GetSpan(2 + (3 * MaxShortLength));
        var keyLength = Encoding.UTF8.GetBytes(key, target[4..]);
        var inner = target[(6 + keyLength)..];
        inner[0] = (byte)(numberField << 3);
        return TryEndPair(target, field, keyLength, 1 + WriteVarint(number, inner[1..]));
    }

    /// <summary>Fills in what stands before the text and before the inner message, which are written already.</summary>
    private bool TryEndPair(Span<byte> target, int field, int keyLength, int innerLength)
    {
        if (4 + keyLength + innerLength > MaxShortLength)
        {
            return false;
        }

        (target[0], target[1], target[2], target[3]) = ((byte)((field << 3) | 2), (byte)(4 + keyLength + innerLength), (1 << 3) | 2, (byte)keyLength);
        (target[4 + keyLength], target[5 + keyLength]) = ((2 << 3) | 2, (byte)innerLength);
        output.Advance(6 + keyLength + innerLength);
        return true;
    }

    private void Tag(int field, int wireType) => output.Append((byte)((field << 3) | wireType));

    private void Varint(ulong value) => output.Advance(WriteVarint(value, output.GetSpan(MaxVarint)));

    private static int WriteVarint(ulong value, Span<byte> target)
    {
        var length = 0;
        while (value >= 0x80)
        {
            target[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[length++] = (byte)value;
        return length;
    }
}
