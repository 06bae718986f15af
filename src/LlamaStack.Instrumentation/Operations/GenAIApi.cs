namespace LlamaStack.Instrumentation;

/// <summary>The shape of an exchange: which of the OpenAI-compatible APIs a request speaks.</summary>
internal enum GenAIApi
{
    ChatCompletions,
    Completions,
    Responses,
    Embeddings,
}
