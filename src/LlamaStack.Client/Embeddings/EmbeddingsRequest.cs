namespace LlamaStack.Client;

/// <summary>What to embed, and how.</summary>
/// <remarks>Members left <see langword="null"/> are not sent; the server refuses an explicit <c>null</c> here. Source: <c>POST /v1/embeddings</c> of the
/// LlamaStack API.</remarks>
public sealed record EmbeddingsRequest : WireObject
{
    /// <summary>Gets the model, as the server lists it: <c>provider/model</c>.</summary>
    public string? Model { get; init; }

    /// <summary>Gets the texts, 1 to 2,048, none empty.</summary>
    public EmbeddingsInput? Input { get; init; }

    /// <summary>Gets how vectors travel: <c>float</c> (the server's default) or <c>base64</c>, a third of the size. Both are read.</summary>
    public string? EncodingFormat { get; init; }

    /// <summary>Gets how many numbers a vector should have, at least 1, for models that can choose.</summary>
    public int? Dimensions { get; init; }

    /// <summary>Gets the end user on whose behalf the call is made.</summary>
    public string? User { get; init; }
}
