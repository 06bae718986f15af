using System.Buffers.Text;

namespace LlamaStack.Instrumentation;

/// <summary>The size of a vector on the wire, which is an array of numbers or base64 of 32-bit floats.</summary>
internal static class EmbeddingVector
{
    public static int? Dimensions(ReadOnlySpan<byte> embedding)
    {
        if (JsonText.IsArray(embedding))
        {
            var inner = embedding[1..^1];
            return inner.IndexOfAnyExcept(" \t\r\n"u8) < 0 ? 0 : inner.Count((byte)',') + 1;
        }

        return JsonText.IsString(embedding) && Base64.IsValid(JsonText.Unquote(embedding), out var bytes) ? bytes / sizeof(float) : null;
    }
}
