using LlamaStack.SemanticKernel;
using Microsoft.Extensions.VectorData;

namespace LlamaStack.Client;

/// <summary>Offers a LlamaStack server through the interfaces that Semantic Kernel searches with.</summary>
public static class SemanticKernelLlamaStackClientExtensions
{
    /// <summary>Offers a vector store of the server as an <see cref="IVectorSearchable{TRecord}"/>. The server embeds the questions, with the store's own model.</summary>
    /// <param name="client">The client of the server.</param>
    /// <param name="vectorStoreId">The store's id: <c>vs_…</c>.</param>
    /// <returns>A search by text, for 50 hits at most, <see cref="VectorSearchOptions{TRecord}.Skip"/> included. <see cref="VectorSearchOptions{TRecord}.Filter"/> and
    /// <see cref="VectorSearchOptions{TRecord}.ScoreThreshold"/> are the server's to apply; what it cannot do throws <see cref="NotSupportedException"/>, and a call that
    /// fails <see cref="LlamaStackException"/>.</returns>
    /// <remarks>Documents are put into a store by the server's file API, which cuts and embeds them: there is nothing here to write with.</remarks>
    public static IVectorSearchable<VectorStoreDocument> AsVectorSearchable(this LlamaStackClient client, string vectorStoreId)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrWhiteSpace(vectorStoreId);
        return new VectorStoreSearch(client, vectorStoreId);
    }
}
