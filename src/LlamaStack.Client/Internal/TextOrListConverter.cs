using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LlamaStack.Client;

/// <summary>Reads and writes what is a string or a list on the wire.</summary>
internal abstract class TextOrListConverter<T, TItem> : JsonConverter<T>
    where T : class
{
    public sealed override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String => OfText(reader.GetString()!),
        JsonTokenType.StartArray => OfList(ReadList(ref reader, options)),
        _ => throw new JsonException($"A {reader.TokenType} where a string or a list belongs."),
    };

    public sealed override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        if (ListOf(value) is not { } items)
        {
            writer.WriteStringValue(TextOf(value));
            return;
        }

        var info = (JsonTypeInfo<TItem>)options.GetTypeInfo(typeof(TItem));
        writer.WriteStartArray();
        foreach (var item in items)
        {
            JsonSerializer.Serialize(writer, item, info);
        }

        writer.WriteEndArray();
    }

    protected abstract T OfText(string text);

    protected abstract T OfList(IReadOnlyList<TItem> items);

    protected abstract string? TextOf(T value);

    /// <summary>The list, or null where the value is a text.</summary>
    protected abstract IReadOnlyList<TItem>? ListOf(T value);

    private static List<TItem> ReadList(ref Utf8JsonReader reader, JsonSerializerOptions options)
    {
        var info = (JsonTypeInfo<TItem>)options.GetTypeInfo(typeof(TItem));
        var items = new List<TItem>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(JsonSerializer.Deserialize(ref reader, info) ?? throw new JsonException("A null within a list."));
        }

        return items;
    }
}

internal sealed class ChatContentConverter : TextOrListConverter<ChatContent, ChatContentPart>
{
    protected override ChatContent OfText(string text) => new(text);

    protected override ChatContent OfList(IReadOnlyList<ChatContentPart> items) => new(items);

    protected override string TextOf(ChatContent value) => value.Text;

    protected override IReadOnlyList<ChatContentPart>? ListOf(ChatContent value) => value.Parts;
}

internal sealed class ResponseContentConverter : TextOrListConverter<ResponseContent, ResponseContentPart>
{
    protected override ResponseContent OfText(string text) => new(text);

    protected override ResponseContent OfList(IReadOnlyList<ResponseContentPart> items) => new(items);

    protected override string TextOf(ResponseContent value) => value.Text;

    protected override IReadOnlyList<ResponseContentPart>? ListOf(ResponseContent value) => value.Parts;
}

internal sealed class ResponseInputConverter : TextOrListConverter<ResponseInput, ResponseItem>
{
    protected override ResponseInput OfText(string text) => new(text);

    protected override ResponseInput OfList(IReadOnlyList<ResponseItem> items) => new(items);

    protected override string? TextOf(ResponseInput value) => value.Text;

    protected override IReadOnlyList<ResponseItem>? ListOf(ResponseInput value) => value.Items;
}

internal sealed class EmbeddingsInputConverter : TextOrListConverter<EmbeddingsInput, JsonNode>
{
    protected override EmbeddingsInput OfText(string text) => new(text);

    protected override EmbeddingsInput OfList(IReadOnlyList<JsonNode> items) =>
        items.All(static item => item.GetValueKind() == JsonValueKind.String)
            ? new([.. items.Select(static item => item.GetValue<string>())])
            : new(new JsonArray([.. items]));

    protected override string? TextOf(EmbeddingsInput value) => value.Text;

    protected override IReadOnlyList<JsonNode>? ListOf(EmbeddingsInput value) =>
        value.Tokens is { } tokens ? [.. tokens.OfType<JsonNode>()] : value.Texts is { } texts ? [.. texts.Select(static text => JsonValue.Create(text))] : null;
}

/// <summary>A list of strings that may come as a single one.</summary>
internal sealed class StringOrListConverter : TextOrListConverter<IReadOnlyList<string>, string>
{
    protected override IReadOnlyList<string> OfText(string text) => [text];

    protected override IReadOnlyList<string> OfList(IReadOnlyList<string> items) => items;

    protected override string? TextOf(IReadOnlyList<string> value) => null;

    protected override IReadOnlyList<string> ListOf(IReadOnlyList<string> value) => value;
}
