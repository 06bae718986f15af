using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Decodes OTLP's KeyValue and AnyValue.</summary>
internal sealed class OtlpProtobufValues(Func<byte[], string> bytesAsText)
{
    public void AddAttribute(Dictionary<string, JsonNode?> attributes, ReadOnlySpan<byte> message)
    {
        var (key, value) = ReadKeyValue(message);
        attributes[key] = value;
    }

    private (string Key, JsonNode? Value) ReadKeyValue(ReadOnlySpan<byte> message)
    {
        var key = "";
        JsonNode? value = null;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Bytes):
                    key = reader.Text();
                    break;
                case (2, WireType.Bytes):
                    value = ReadValue(reader.Bytes);
                    break;
            }
        }

        return (key, value);
    }

    private JsonNode? ReadValue(ReadOnlySpan<byte> message)
    {
        JsonNode? value = null;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            value = (reader.Field, reader.Type) switch
            {
                (1, WireType.Bytes) => reader.Text(),
                (2, WireType.Varint) => reader.Number != 0,
                (3, WireType.Varint) => (long)reader.Number,
                (4, WireType.Fixed64) => BitConverter.UInt64BitsToDouble(reader.Number),
                (5, WireType.Bytes) => ReadArray(reader.Bytes),
                (6, WireType.Bytes) => ReadKeyValueList(reader.Bytes),
                (7, WireType.Bytes) => bytesAsText(reader.Bytes.ToArray()),
                _ => value,
            };
        }

        return value;
    }

    private JsonArray ReadArray(ReadOnlySpan<byte> message)
    {
        var items = new JsonArray();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader is { Field: 1, Type: WireType.Bytes })
            {
                items.Add(ReadValue(reader.Bytes));
            }
        }

        return items;
    }

    private JsonObject ReadKeyValueList(ReadOnlySpan<byte> message)
    {
        var members = new JsonObject();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader is { Field: 1, Type: WireType.Bytes })
            {
                var (key, value) = ReadKeyValue(reader.Bytes);
                members[key] = value;
            }
        }

        return members;
    }
}
