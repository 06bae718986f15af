using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>A vector as a list of numbers, or as base64 of little-endian 32-bit floats; written as a list.</summary>
internal sealed class VectorConverter : JsonConverter<ReadOnlyMemory<float>>
{
    public override ReadOnlyMemory<float> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return FromBytes(reader.GetBytesFromBase64());
            case JsonTokenType.StartArray:
                var numbers = new List<float>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    numbers.Add(reader.GetSingle());
                }

                return numbers.ToArray();
            default:
                throw new JsonException($"A {reader.TokenType} where a vector belongs.");
        }
    }

    public override void Write(Utf8JsonWriter writer, ReadOnlyMemory<float> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var number in value.Span)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }

    private static float[] FromBytes(byte[] bytes)
    {
        if (bytes.Length % sizeof(float) != 0)
        {
            throw new JsonException($"A vector of {bytes.Length} bytes, which is no whole number of 32-bit floats.");
        }

        var numbers = new float[bytes.Length / sizeof(float)];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        }

        return numbers;
    }
}
