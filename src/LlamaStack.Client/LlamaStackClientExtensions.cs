using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>Offers a LlamaStack server through the interfaces of Microsoft.Extensions.AI.</summary>
public static class LlamaStackClientExtensions
{
    /// <summary>Offers chat completions as an <see cref="IChatClient"/>.</summary>
    /// <param name="client">The client of the server.</param>
    /// <param name="model">The model of calls that name none. Defaults to <see cref="LlamaStackClientOptions.Model"/>, else to the first language model
    /// that the server lists.</param>
    /// <returns>A chat client. It calls no functions by itself: wrap it with <c>UseFunctionInvocation()</c>.</returns>
    /// <remarks>Reasoning of earlier answers is not sent back, and hosted tools are left out: chat completions have none.
    /// <see cref="ChatOptions.MaxOutputTokens"/> is sent as <c>max_tokens</c>, which most providers understand; for a model that wants
    /// <c>max_completion_tokens</c>, set that among <see cref="ChatOptions.AdditionalProperties"/>, which become members of the request.</remarks>
    public static IChatClient AsIChatClient(this LlamaStackClient client, string? model = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        return new LlamaStackChatClient(client, model);
    }

    /// <summary>Offers the Responses API as an <see cref="IChatClient"/>: the server keeps the conversation, and runs tools of its own.</summary>
    /// <param name="client">The client of the server.</param>
    /// <param name="model">The model of calls that name none; see <see cref="AsIChatClient"/>.</param>
    /// <returns>A chat client. <see cref="ChatOptions.ConversationId"/> takes the id that an answer returned, or that of a conversation
    /// (<c>conv_…</c>); the hosted tools for web search, file search and MCP servers run on the server.</returns>
    public static IChatClient AsIResponsesChatClient(this LlamaStackClient client, string? model = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        return new LlamaStackResponsesChatClient(client, model);
    }

    /// <summary>Offers embeddings as an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>.</summary>
    /// <param name="client">The client of the server.</param>
    /// <param name="model">The model of calls that name none. Defaults to <see cref="LlamaStackClientOptions.EmbeddingModel"/>, else to the first embedding
    /// model that the server lists.</param>
    /// <returns>A generator. More than 2,048 texts are sent in several calls, one after the other.</returns>
    public static IEmbeddingGenerator<string, Embedding<float>> AsIEmbeddingGenerator(this LlamaStackClient client, string? model = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        return new LlamaStackEmbeddingGenerator(client, model);
    }
}
