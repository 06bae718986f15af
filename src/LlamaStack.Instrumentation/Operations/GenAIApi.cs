namespace LlamaStack.Instrumentation;

/// <summary>The shape of an exchange: which of the OpenAI-compatible APIs a request speaks.</summary>
internal enum GenAIApi
{
    ChatCompletions,
    Completions,
    Responses,
    Embeddings,

    /// <summary>A response that was made earlier is fetched: its tokens were counted then.</summary>
    StoredResponse,
    Moderations,
    VectorSearch,
    Rerank,
    ToolInvocation,
}
