using System.Text;
using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>What a search was asked and what it found, in the convention's form.</summary>
internal static class RetrievalContent
{
    /// <summary>The query, <c>gen_ai.retrieval.query.text</c>; several are joined by line feeds.</summary>
    public static string? QueryText(ReadOnlySpan<byte> request)
    {
        var query = JsonText.Member(request, "query"u8);
        if (JsonText.String(query) is { } one)
        {
            return one;
        }

        List<string> texts = [];
        foreach (var element in new JsonElements(query))
        {
            if (JsonText.String(element) is { } text)
            {
                texts.Add(text);
            }
        }

        return texts.Count > 0 ? string.Join('\n', texts) : JsonText.String(JsonText.Member(query, "text"u8));
    }

    /// <summary>The documents, <c>gen_ai.retrieval.documents</c>. The convention wants an id and a score of each: what the server left out is told as empty and as zero.</summary>
    public static string? Documents(ReadOnlySpan<byte> answer)
    {
        if (RetrievedDocument.ReadAll(answer) is not { } documents)
        {
            return null;
        }

        var bytes = new PooledBytes(512);
        using var writer = new Utf8JsonWriter(bytes, JsonOutput.Options);
        writer.WriteStartArray();
        foreach (var document in documents)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, document.Id ?? "");
            writer.WriteNumber("score"u8, document.Score ?? 0);
            writer.WriteString("content"u8, document.Text);
            if (document.FileName is not null)
            {
                writer.WriteString("filename"u8, document.FileName);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.Flush();
        var text = Encoding.UTF8.GetString(bytes.Span);
        bytes.Return();
        return text;
    }
}
