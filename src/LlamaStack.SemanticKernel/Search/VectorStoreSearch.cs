using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using LlamaStack.Client;
using Microsoft.Extensions.VectorData;

namespace LlamaStack.SemanticKernel;

/// <summary>A vector store of the server, to be searched. The server embeds the question; the search's span is made on the wire, as any other call's.</summary>
internal sealed class VectorStoreSearch(LlamaStackClient client, string id) : IVectorSearchable<VectorStoreDocument>
{
    /// <summary>The most hits that the server gives.</summary>
    private const int Most = 50;

    public async IAsyncEnumerable<VectorSearchResult<VectorStoreDocument>> SearchAsync<TInput>(
        TInput searchValue, int top, VectorSearchOptions<VectorStoreDocument>? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where TInput : notnull
    {
        var request = Request(searchValue, top, options);
        var found = await client.SearchVectorStoreAsync(id, request, cancellationToken).ConfigureAwait(false);
        foreach (var result in found.Data.Skip(options?.Skip ?? 0))
        {
            yield return new VectorSearchResult<VectorStoreDocument>(VectorStoreDocument.Of(result), result.Score);
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(VectorStoreCollectionMetadata) ? new VectorStoreCollectionMetadata { VectorStoreSystemName = "llama_stack", CollectionName = id }
            : serviceType == typeof(LlamaStackClient) ? client
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>What the server cannot do is refused, so that nothing asked for is left out without a word.</summary>
    private static VectorStoreSearchRequest Request<TInput>(TInput searchValue, int top, VectorSearchOptions<VectorStoreDocument>? options)
    {
        var query = searchValue as string ?? throw new NotSupportedException($"The server embeds the question itself: search with a text, not with {typeof(TInput)}.");
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        var results = top + (options?.Skip ?? 0);
        if (results > Most)
        {
            throw new ArgumentOutOfRangeException(nameof(top), results, $"The server gives the {Most} best hits of a search, and no others: top and skip together must not be more.");
        }

        if (options is { IncludeVectors: true } or { VectorProperty: not null })
        {
            throw new NotSupportedException("The server keeps the vectors of its documents to itself: leave IncludeVectors and VectorProperty as they are.");
        }

        return new VectorStoreSearchRequest
        {
            Query = query,
            MaxNumResults = results,
            Filters = options?.Filter is { } filter ? VectorStoreFilter.Of(filter) : null,
            RankingOptions = options?.ScoreThreshold is { } threshold ? new JsonObject { ["score_threshold"] = threshold } : null,
        };
    }
}
