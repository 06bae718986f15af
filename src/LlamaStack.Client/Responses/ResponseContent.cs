using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>The content of a message or of a function's result: a text, or a list of parts.</summary>
[JsonConverter(typeof(ResponseContentConverter))]
public sealed class ResponseContent
{
    /// <summary>Initializes a content of parts.</summary>
    /// <param name="parts">Texts, images and files.</param>
    public ResponseContent(params IReadOnlyList<ResponseContentPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        Parts = parts;
        Text = string.Concat(parts.Select(static part => part.Text));
    }

    /// <summary>Initializes a content that is a text.</summary>
    /// <param name="text">The text; may be empty.</param>
    public ResponseContent(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Text = text;
    }

    /// <summary>Gets the text, or the texts of all parts, one after the other.</summary>
    public string Text { get; }

    /// <summary>Gets the parts, or <see langword="null"/> where the content is a plain text.</summary>
    public IReadOnlyList<ResponseContentPart>? Parts { get; }

    /// <summary>Makes a content of a text.</summary>
    /// <param name="text">The text.</param>
    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator ResponseContent?(string? text) => text is null ? null : new(text);

    /// <summary>Returns <see cref="Text"/>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Text;
}

/// <summary>A part of a content.</summary>
public sealed record ResponseContentPart : WireObject
{
    /// <summary>Gets <c>output_text</c>, <c>refusal</c>, <c>reasoning_text</c> or <c>summary_text</c>; in requests <c>input_text</c>, <c>input_image</c> or
    /// <c>input_file</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the text, with each of the text types.</summary>
    public string? Text { get; init; }

    /// <summary>Gets why the model or a guardrail refused, with <c>refusal</c>.</summary>
    public string? Refusal { get; init; }

    /// <summary>Gets what the text cites, with <c>output_text</c>.</summary>
    public IReadOnlyList<ResponseAnnotation>? Annotations { get; init; }

    /// <summary>Gets the probabilities of the tokens, if asked for.</summary>
    public JsonNode? Logprobs { get; init; }

    /// <summary>Gets an http address or a <c>data:</c> URL, with <c>input_image</c>.</summary>
    public string? ImageUrl { get; init; }

    /// <summary>Gets <c>low</c>, <c>high</c> or <c>auto</c>, with <c>input_image</c>.</summary>
    public string? Detail { get; init; }

    /// <summary>Gets the id of a file uploaded to the server, with <c>input_file</c> and <c>input_image</c>.</summary>
    public string? FileId { get; init; }

    /// <summary>Gets the content as a <c>data:</c> URL, with <c>input_file</c>.</summary>
    public string? FileData { get; init; }

    /// <summary>Gets the address of a file, with <c>input_file</c>.</summary>
    public string? FileUrl { get; init; }

    /// <summary>Gets the file's name, with <c>input_file</c>.</summary>
    public string? Filename { get; init; }

    /// <summary>Makes a part of a text for a request.</summary>
    /// <param name="text">The text.</param>
    /// <returns>A part of type <c>input_text</c>.</returns>
    public static ResponseContentPart OfText(string text) => new() { Type = "input_text", Text = text };

    /// <summary>Makes a part of an image for a request.</summary>
    /// <param name="url">An http address or a <c>data:</c> URL.</param>
    /// <param name="detail"><c>low</c>, <c>high</c> or <c>auto</c>; the server's default is <c>auto</c>.</param>
    /// <returns>A part of type <c>input_image</c>.</returns>
    public static ResponseContentPart OfImage(string url, string? detail = null) => new() { Type = "input_image", ImageUrl = url, Detail = detail };
}

/// <summary>What a text cites.</summary>
/// <remarks>The server makes file citations only, and puts them into the final response, not into the events before it.</remarks>
public sealed record ResponseAnnotation : WireObject
{
    /// <summary>Gets <c>file_citation</c>, <c>url_citation</c>, <c>container_file_citation</c> or <c>file_path</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the cited file.</summary>
    public string? FileId { get; init; }

    /// <summary>Gets the cited file's name.</summary>
    public string? Filename { get; init; }

    /// <summary>Gets the place in the text where a file is cited.</summary>
    public int? Index { get; init; }

    /// <summary>Gets the cited address.</summary>
    public string? Url { get; init; }

    /// <summary>Gets the title of what is cited.</summary>
    public string? Title { get; init; }

    /// <summary>Gets where the citing text starts.</summary>
    public int? StartIndex { get; init; }

    /// <summary>Gets where the citing text ends.</summary>
    public int? EndIndex { get; init; }
}
