using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>The content of a message: a text, or a list of parts.</summary>
[JsonConverter(typeof(ChatContentConverter))]
public sealed class ChatContent
{
    /// <summary>Initializes a content of parts.</summary>
    /// <param name="parts">Texts, images and files; parts other than texts only in messages of the user.</param>
    public ChatContent(params IReadOnlyList<ChatContentPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        Parts = parts;
        Text = string.Concat(parts.Select(static part => part.Text));
    }

    /// <summary>Initializes a content that is a text.</summary>
    /// <param name="text">The text; may be empty.</param>
    public ChatContent(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Text = text;
    }

    /// <summary>Gets the text, or the texts of all parts, one after the other.</summary>
    public string Text { get; }

    /// <summary>Gets the parts, or <see langword="null"/> where the content is a plain text.</summary>
    public IReadOnlyList<ChatContentPart>? Parts { get; }

    /// <summary>Makes a content of a text.</summary>
    /// <param name="text">The text.</param>
    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator ChatContent?(string? text) => text is null ? null : new(text);

    /// <summary>Returns <see cref="Text"/>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Text;
}

/// <summary>A part of a message's content.</summary>
public sealed record ChatContentPart : WireObject
{
    /// <summary>Gets <c>text</c>, <c>image_url</c> or <c>file</c>; the server refuses other types.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the text, with <c>text</c>.</summary>
    public string? Text { get; init; }

    /// <summary>Gets the image, with <c>image_url</c>.</summary>
    public ChatImage? ImageUrl { get; init; }

    /// <summary>Gets the file, with <c>file</c>.</summary>
    public ChatFile? File { get; init; }

    /// <summary>Makes a part of a text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>A part of type <c>text</c>.</returns>
    public static ChatContentPart OfText(string text) => new() { Type = "text", Text = text };

    /// <summary>Makes a part of an image.</summary>
    /// <param name="url">An http address or a <c>data:</c> URL.</param>
    /// <param name="detail"><c>low</c>, <c>high</c> or <c>auto</c>; the provider's default is <c>auto</c>.</param>
    /// <returns>A part of type <c>image_url</c>.</returns>
    public static ChatContentPart OfImage(string url, string? detail = null) =>
        new() { Type = "image_url", ImageUrl = new ChatImage { Url = url, Detail = detail } };

    /// <summary>Makes a part of a file.</summary>
    /// <param name="file">Its content, or its id on the server.</param>
    /// <returns>A part of type <c>file</c>.</returns>
    public static ChatContentPart OfFile(ChatFile file) => new() { Type = "file", File = file };
}

/// <summary>An image in a message.</summary>
public sealed record ChatImage : WireObject
{
    /// <summary>Gets an http address or a <c>data:</c> URL.</summary>
    public string? Url { get; init; }

    /// <summary>Gets <c>low</c>, <c>high</c> or <c>auto</c>.</summary>
    public string? Detail { get; init; }
}

/// <summary>A file in a message: its data, or its id on the server.</summary>
public sealed record ChatFile : WireObject
{
    /// <summary>Gets the content as a <c>data:</c> URL.</summary>
    public string? FileData { get; init; }

    /// <summary>Gets the id of a file uploaded to the server.</summary>
    public string? FileId { get; init; }

    /// <summary>Gets the file's name.</summary>
    public string? Filename { get; init; }
}
