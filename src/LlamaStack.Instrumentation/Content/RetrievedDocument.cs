using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>A document that a search found.</summary>
/// <param name="Id">The file or chunk it comes from.</param>
/// <param name="Score">How well it fits, by the server's measure.</param>
/// <param name="Text">Its text; several parts are joined by line feeds.</param>
/// <param name="FileName">The name of the file it comes from.</param>
/// <param name="Attributes">What the store knows of it beside; an object if anything.</param>
internal sealed record RetrievedDocument(string? Id, double? Score, string Text, string? FileName, JsonElement Attributes)
{
    /// <summary>
    /// The documents of an answer: <c>{"data":[{"file_id","filename","score","attributes","content":[{"text"}]}]}</c> of a vector store's search, the same with a bare
    /// <c>text</c> as a <c>file_search_call</c> tells them, or <c>{"chunks":[{"content","chunk_id","metadata"}],"scores":[…]}</c> of LlamaStack's own vector query.
    /// </summary>
    /// <returns>Null where it is none of these.</returns>
    public static IReadOnlyList<RetrievedDocument>? ReadAll(ReadOnlySpan<byte> answer)
    {
        try
        {
            var reader = new Utf8JsonReader(answer);
            var root = JsonElement.ParseValue(ref reader);
            return Array(root, "data") is { } data ? [.. data.Select(static found => Read(found, found, "score"))]
                : Array(root, "chunks") is { } chunks ? [.. chunks.Select((chunk, index) => Read(chunk, Array(root, "scores")?.ElementAtOrDefault(index) ?? default, ""))]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static RetrievedDocument Read(JsonElement found, JsonElement scored, string scoreName)
    {
        var score = scoreName.Length == 0 ? scored : Member(scored, scoreName);
        var attributes = Member(found, "attributes") is { ValueKind: JsonValueKind.Object } told ? told : Member(found, "metadata");
        return new RetrievedDocument(
            MessageParts.StringOf(found, "file_id") ?? MessageParts.StringOf(found, "chunk_id") ?? MessageParts.StringOf(attributes, "document_id"),
            score.ValueKind is JsonValueKind.Number ? score.GetDouble() : null,
            MessageParts.StringOf(found, "text") ?? TextOf(Member(found, "content")),
            MessageParts.StringOf(found, "filename"),
            attributes);
    }

    private static string TextOf(JsonElement content) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString()!,
        JsonValueKind.Object => MessageParts.StringOf(content, "text") ?? "",
        JsonValueKind.Array => string.Join('\n', content.EnumerateArray().Select(TextOf).Where(static text => text.Length > 0)),
        _ => "",
    };

    private static JsonElement Member(JsonElement json, string name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : default;

    private static JsonElement.ArrayEnumerator? Array(JsonElement json, string name) =>
        Member(json, name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : null;
}
