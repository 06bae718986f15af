using System.Buffers.Text;
using System.Globalization;
using System.Text;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>JSON as MLflow's page should draw it: no null members (each would be a row), no base64 and no vectors (their size is told).</summary>
/// <remarks>Values are hopped over and copied as they stand; only what changes is written anew.</remarks>
internal static class JsonForPeople
{
    /// <summary>Deeper than this nothing is looked for: whoever nests without end must not end the process.</summary>
    private const int MaxDepth = 64;

    /// <summary>Writes a request: whole, but for the bytes of pictures and sounds in it.</summary>
    public static void WriteInputs(ReadOnlySpan<byte> json, PooledBytes output)
    {
        if (json.IndexOf(";base64,"u8) < 0 && json.IndexOf("\"input_audio\""u8) < 0 && json.IndexOf("\"file_data\""u8) < 0)
        {
            output.Append(json);
        }
        else
        {
            WriteValue(json, output, keepNulls: true, isEmbedding: false, depth: 0);
        }
    }

    /// <summary>Writes an answer.</summary>
    public static void WriteOutputs(GenAIApi api, ReadOnlySpan<byte> json, PooledBytes output) =>
        WriteValue(json, output, keepNulls: false, isEmbedding: api is GenAIApi.Embeddings, depth: 0);

    private static void WriteValue(ReadOnlySpan<byte> value, PooledBytes output, bool keepNulls, bool isEmbedding, int depth)
    {
        if (depth > MaxDepth)
        {
            output.Append(value);
        }
        else if (JsonText.IsObject(value))
        {
            WriteObject(value, output, keepNulls, isEmbedding, depth);
        }
        else if (JsonText.IsArray(value))
        {
            WriteArray(value, output, keepNulls, isEmbedding, depth);
        }
        else if (JsonText.IsString(value) && value.StartsWith("\"data:"u8) && value.IndexOf(";base64,"u8) is > 0 and var marker)
        {
            var mediaType = Encoding.UTF8.GetString(value[6..marker]);
            WriteText(Base64Payload.Describe(mediaType, value[(marker + 8)..^1]), output);
        }
        else
        {
            output.Append(value);
        }
    }

    private static void WriteObject(ReadOnlySpan<byte> value, PooledBytes output, bool keepNulls, bool isEmbedding, int depth)
    {
        output.Append((byte)'{');
        var any = false;
        foreach (var member in new JsonMembers(value))
        {
            if (!keepNulls && JsonText.IsNull(member.Value))
            {
                continue;
            }

            if (any)
            {
                output.Append((byte)',');
            }

            any = true;
            output.Append((byte)'"');
            output.Append(member.Name);
            output.Append("\":"u8);
            if (isEmbedding && member.Name.SequenceEqual("embedding"u8) && EmbeddingVector.Dimensions(member.Value) is { } dimensions)
            {
                WriteText(string.Create(CultureInfo.InvariantCulture, $"[{dimensions} numbers]"), output);
            }
            else if (IsPayload(member.Name, member.Value))
            {
                WriteText(Base64Payload.Describe("base64", JsonText.Unquote(member.Value)), output);
            }
            else
            {
                WriteValue(member.Value, output, keepNulls, isEmbedding, depth + 1);
            }
        }

        output.Append((byte)'}');
    }

    private static void WriteArray(ReadOnlySpan<byte> value, PooledBytes output, bool keepNulls, bool isEmbedding, int depth)
    {
        output.Append((byte)'[');
        var any = false;
        foreach (var element in new JsonElements(value))
        {
            if (any)
            {
                output.Append((byte)',');
            }

            any = true;
            WriteValue(element, output, keepNulls, isEmbedding, depth + 1);
        }

        output.Append((byte)']');
    }

    /// <summary>The members that hold bare base64: sounds, files and generated pictures.</summary>
    private static bool IsPayload(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        (name.SequenceEqual("data"u8) || name.SequenceEqual("file_data"u8) || name.SequenceEqual("b64_json"u8))
        && value.Length > 256 && JsonText.IsString(value) && Base64.IsValid(JsonText.Unquote(value));

    private static void WriteText(string text, PooledBytes output)
    {
        output.Append((byte)'"');
        output.Append(Encoding.UTF8.GetBytes(text));
        output.Append((byte)'"');
    }
}
