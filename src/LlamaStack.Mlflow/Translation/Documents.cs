using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>What a search found, as MLflow's page draws it: a list of <c>{"page_content","metadata","id"}</c>.</summary>
internal static class Documents
{
    /// <summary>Writes the documents of an answer.</summary>
    /// <returns>False where it holds no list of documents.</returns>
    public static bool TryWrite(ReadOnlySpan<byte> answer, PooledBytes output)
    {
        if (RetrievedDocument.ReadAll(answer) is not { } documents)
        {
            return false;
        }

        using var writer = new Utf8JsonWriter(output, JsonOutput.Options);
        writer.WriteStartArray();
        foreach (var document in documents)
        {
            Write(document, writer);
        }

        writer.WriteEndArray();
        writer.Flush();
        return true;
    }

    private static void Write(RetrievedDocument document, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("page_content"u8, document.Text);
        writer.WriteStartObject("metadata"u8);
        if (document.Score is { } score)
        {
            writer.WriteNumber("score"u8, score);
        }

        if (document.FileName is not null)
        {
            writer.WriteString("filename"u8, document.FileName);
        }

        if (document.Attributes.ValueKind is JsonValueKind.Object)
        {
            foreach (var attribute in document.Attributes.EnumerateObject())
            {
                if (attribute.Value.ValueKind is not JsonValueKind.Null && !attribute.NameEquals("score"u8) && !(attribute.NameEquals("filename"u8) && document.FileName is not null))
                {
                    attribute.WriteTo(writer);
                }
            }
        }

        writer.WriteEndObject();
        if (document.Id is not null)
        {
            writer.WriteString("id"u8, document.Id);
        }

        writer.WriteEndObject();
    }
}
