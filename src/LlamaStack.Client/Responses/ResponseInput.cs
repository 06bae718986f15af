using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>What a response answers: a text, or a list of items.</summary>
[JsonConverter(typeof(ResponseInputConverter))]
public sealed class ResponseInput
{
    /// <summary>Initializes an input of items.</summary>
    /// <param name="items">Messages, results of function calls, and items of earlier responses, oldest first.</param>
    public ResponseInput(params IReadOnlyList<ResponseItem> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        Items = items;
    }

    /// <summary>Initializes an input that is one text of the user.</summary>
    /// <param name="text">The text.</param>
    public ResponseInput(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Text = text;
    }

    /// <summary>Gets the text, or <see langword="null"/> where the input is a list of items.</summary>
    public string? Text { get; }

    /// <summary>Gets the items, or <see langword="null"/> where the input is a text.</summary>
    public IReadOnlyList<ResponseItem>? Items { get; }

    /// <summary>Makes an input of a text.</summary>
    /// <param name="text">The text.</param>
    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator ResponseInput?(string? text) => text is null ? null : new(text);

    /// <summary>Makes an input of items.</summary>
    /// <param name="items">The items, oldest first.</param>
    [return: NotNullIfNotNull(nameof(items))]
    public static implicit operator ResponseInput?(ResponseItem[]? items) => items is null ? null : new(items);
}
