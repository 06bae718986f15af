using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>The vectors of an <see cref="EmbeddingsRequest"/>.</summary>
/// <remarks>Source: the answer of <c>POST /v1/embeddings</c> of the LlamaStack API.</remarks>
public sealed record EmbeddingsResponse : WireObject
{
    /// <summary>Gets the vectors, one per text; <see cref="EmbeddingVector.Index"/> tells which.</summary>
    public IReadOnlyList<EmbeddingVector> Data { get => field ?? []; init; }

    /// <summary>Gets the model, as the request named it.</summary>
    public string? Model { get; init; }

    /// <summary>Gets what the call cost in tokens.</summary>
    public EmbeddingsUsage? Usage { get; init; }
}

/// <summary>The vector of one text.</summary>
public sealed record EmbeddingVector : WireObject
{
    /// <summary>Gets the place of the text in the request, from 0.</summary>
    public int Index { get; init; }

    /// <summary>Gets the vector, in the model's dimension, whichever encoding it came in.</summary>
    [JsonConverter(typeof(VectorConverter))]
    public ReadOnlyMemory<float> Embedding { get; init; }
}

/// <summary>What embedding cost, in tokens.</summary>
public sealed record EmbeddingsUsage : WireObject
{
    /// <summary>Gets the tokens of the texts.</summary>
    public long? PromptTokens { get; init; }

    /// <summary>Gets all tokens: the same number.</summary>
    public long? TotalTokens { get; init; }
}
