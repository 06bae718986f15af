using System.Text.Json.Nodes;

namespace LlamaStack.Client;

/// <summary>What to look for in a vector store, and how.</summary>
/// <remarks>Members left <see langword="null"/> are not sent. Source: <c>POST /v1/vector_stores/{id}/search</c> of the LlamaStack API.</remarks>
public sealed record VectorStoreSearchRequest : WireObject
{
    /// <summary>Gets the question; the server embeds it with the store's own model.</summary>
    public string? Query { get; init; }

    /// <summary>Gets a condition on the attributes of documents: <c>{"type":"eq","key":"lang","value":"en"}</c> with <c>eq</c>, <c>ne</c>, <c>gt</c>, <c>gte</c>,
    /// <c>lt</c>, <c>lte</c>, <c>in</c> or <c>nin</c>, joined by <c>{"type":"and","filters":[…]}</c> or <c>or</c>.</summary>
    public JsonNode? Filters { get; init; }

    /// <summary>Gets the most hits, 1 to 50; the server's default is 10.</summary>
    public int? MaxNumResults { get; init; }

    /// <summary>Gets how hits are ranked: <c>{"score_threshold":0.5}</c> leaves out those below, <c>{"ranker":"rrf"}</c> chooses a ranker.</summary>
    public JsonNode? RankingOptions { get; init; }

    /// <summary>Gets whether the server may put the question in other words.</summary>
    public bool? RewriteQuery { get; init; }

    /// <summary>Gets <c>vector</c> (the server's default), <c>keyword</c> or <c>hybrid</c>, where the store's provider has them.</summary>
    public string? SearchMode { get; init; }
}
