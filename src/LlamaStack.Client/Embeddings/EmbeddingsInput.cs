using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>What to embed: a text, texts, or tokens.</summary>
[JsonConverter(typeof(EmbeddingsInputConverter))]
public sealed class EmbeddingsInput
{
    /// <summary>Initializes an input of texts.</summary>
    /// <param name="texts">From 1 to 2,048 texts, none empty.</param>
    public EmbeddingsInput(params IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        Texts = texts;
    }

    /// <summary>Initializes an input that is one text.</summary>
    /// <param name="text">The text, not empty.</param>
    public EmbeddingsInput(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Text = text;
    }

    /// <summary>Initializes an input of tokens.</summary>
    /// <param name="tokens">A list of numbers, or a list of such lists. Few providers take them; the server answers 400 for the others.</param>
    public EmbeddingsInput(JsonArray tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        Tokens = tokens;
    }

    /// <summary>Gets the text, or <see langword="null"/> where there are several, or tokens.</summary>
    public string? Text { get; }

    /// <summary>Gets the texts, or <see langword="null"/> where the input is one text, or tokens.</summary>
    public IReadOnlyList<string>? Texts { get; }

    /// <summary>Gets the tokens, or <see langword="null"/> where the input is text.</summary>
    public JsonArray? Tokens { get; }

    /// <summary>Makes an input of a text.</summary>
    /// <param name="text">The text, not empty.</param>
    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator EmbeddingsInput?(string? text) => text is null ? null : new(text);

    /// <summary>Makes an input of texts.</summary>
    /// <param name="texts">The texts, none empty.</param>
    [return: NotNullIfNotNull(nameof(texts))]
    public static implicit operator EmbeddingsInput?(string[]? texts) => texts is null ? null : new(texts);
}
