using System.Buffers.Binary;

namespace LlamaStack.Mlflow.Tests;

/// <summary>The fields of a protobuf message, for tests that look at one or two of them.</summary>
internal static class Protobuf
{
    /// <summary>Numbers of messages inside messages: what stands at the end of that way, as often as it does.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> At(ReadOnlyMemory<byte> message, params ReadOnlySpan<int> way)
    {
        IEnumerable<ReadOnlyMemory<byte>> found = [message];
        foreach (var field in way)
        {
            found = [.. found.SelectMany(inner => Fields(inner).Where(part => part.Field == field).Select(part => part.Bytes))];
        }

        return found;
    }

    public static IReadOnlyList<(int Field, ulong Number, ReadOnlyMemory<byte> Bytes)> Fields(ReadOnlyMemory<byte> message)
    {
        List<(int, ulong, ReadOnlyMemory<byte>)> fields = [];
        var rest = message;
        while (!rest.IsEmpty)
        {
            var tag = Varint(ref rest);
            var (number, bytes) = (0UL, ReadOnlyMemory<byte>.Empty);
            switch (tag & 7)
            {
                case 0:
                    number = Varint(ref rest);
                    break;
                case 1:
                    number = BinaryPrimitives.ReadUInt64LittleEndian(Take(ref rest, 8).Span);
                    break;
                case 2:
                    bytes = Take(ref rest, (int)Varint(ref rest));
                    break;
                case 5:
                    number = BinaryPrimitives.ReadUInt32LittleEndian(Take(ref rest, 4).Span);
                    break;
                default:
                    throw new InvalidDataException($"Wire type {tag & 7}.");
            }

            fields.Add(((int)(tag >> 3), number, bytes));
        }

        return fields;
    }

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> rest, int count)
    {
        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }

    private static ulong Varint(ref ReadOnlyMemory<byte> rest)
    {
        var (value, shift) = (0UL, 0);
        while (true)
        {
            var next = Take(ref rest, 1).Span[0];
            value |= (next & 0x7FUL) << shift;
            if (next < 0x80)
            {
                return value;
            }

            shift += 7;
        }
    }
}
