using System.Collections.ObjectModel;
using System.Text.Json;
using LlamaStack.Client;
using Microsoft.SemanticKernel.Data;

namespace LlamaStack.SemanticKernel;

/// <summary>A part of a document in a vector store of the server.</summary>
/// <remarks>In a filter <see cref="FileName"/>, <see cref="FileId"/> and members of <see cref="Attributes"/> can be asked for:
/// <c>document => (string)document.Attributes["lang"]! == "en" &amp;&amp; (double)document.Attributes["page"]! > 1</c>.</remarks>
public sealed record VectorStoreDocument
{
    /// <summary>Gets the text; several parts are joined by line feeds.</summary>
    [TextSearchResultValue]
    public required string Text { get; init; }

    /// <summary>Gets the name of the file that it is from.</summary>
    [TextSearchResultName]
    public string? FileName { get; init; }

    /// <summary>Gets the id of the uploaded file; where it was none, the document's id in the store.</summary>
    public string? FileId { get; init; }

    /// <summary>Gets what is known of the document: <see cref="string"/>, <see cref="double"/> (all numbers) or <see cref="bool"/>.</summary>
    public IReadOnlyDictionary<string, object?> Attributes { get; init; } = ReadOnlyDictionary<string, object?>.Empty;

    internal static VectorStoreDocument Of(VectorStoreSearchResult found)
    {
        var attributes = found.Attributes.ToDictionary(static attribute => attribute.Key, static attribute => ValueOf(attribute.Value));
        return new VectorStoreDocument
        {
            Text = string.Join('\n', found.Content.Select(static part => part.Text)),
            FileName = found.Filename,
            FileId = attributes.GetValueOrDefault(VectorStoreFilter.FileId) as string ?? found.FileId,
            Attributes = attributes,
        };
    }

    private static object? ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.True or JsonValueKind.False => value.GetBoolean(),
        JsonValueKind.Null => null,
        _ => value.GetRawText(),
    };
}
