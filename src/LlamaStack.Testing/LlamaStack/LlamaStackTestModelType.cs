namespace LlamaStack.Testing;

/// <summary>What a model is for; a call of another kind is refused with status 400.</summary>
public enum LlamaStackTestModelType
{
    /// <summary>Chat completions, completions and Responses.</summary>
    Chat,

    /// <summary>Embeddings.</summary>
    Embedding,

    /// <summary>Reranking.</summary>
    Rerank,
}
