using System.Collections.ObjectModel;
using System.Text.Json;

namespace LlamaStack.Client;

/// <summary>What a search has found.</summary>
/// <remarks>Source: the answer of <c>POST /v1/vector_stores/{id}/search</c> of the LlamaStack API.</remarks>
public sealed record VectorStoreSearchPage : WireObject
{
    /// <summary>Gets the hits, the best first.</summary>
    public IReadOnlyList<VectorStoreSearchResult> Data { get => field ?? []; init; }
}

/// <summary>A part of a document that fits.</summary>
public sealed record VectorStoreSearchResult : WireObject
{
    /// <summary>Gets the document's id in the store; the id of the uploaded file, if it was one, is the attribute <c>file_id</c>.</summary>
    public string? FileId { get; init; }

    /// <summary>Gets the name of the file.</summary>
    public string? Filename { get; init; }

    /// <summary>Gets how well it fits: the more the better, by the measure of the store's provider and ranker.</summary>
    public double Score { get; init; }

    /// <summary>Gets what is known of the document: texts, numbers and booleans.</summary>
    public IReadOnlyDictionary<string, JsonElement> Attributes { get => field ?? ReadOnlyDictionary<string, JsonElement>.Empty; init; }

    /// <summary>Gets the parts of the text.</summary>
    public IReadOnlyList<VectorStoreContent> Content { get => field ?? []; init; }
}

/// <summary>A part of a text in a vector store.</summary>
public sealed record VectorStoreContent : WireObject
{
    /// <summary>Gets the kind of part: <c>text</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the text.</summary>
    public string? Text { get; init; }
}
