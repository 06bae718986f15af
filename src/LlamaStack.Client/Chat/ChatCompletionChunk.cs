using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>A piece of a streamed completion.</summary>
/// <remarks>Source: the <c>chat.completion.chunk</c> object of the LlamaStack API.</remarks>
public sealed record ChatCompletionChunk : WireObject
{
    /// <summary>Gets the completion's id, the same in each chunk.</summary>
    public string? Id { get; init; }

    /// <summary>Gets when the completion was made, in whole seconds; some providers send the epoch.</summary>
    [JsonConverter(typeof(UnixSecondsConverter))]
    public DateTimeOffset? Created { get; init; }

    /// <summary>Gets the model, as the request named it.</summary>
    public string? Model { get; init; }

    /// <summary>Gets what the chunk adds to the answers; empty in the chunk that carries the usage.</summary>
    public IReadOnlyList<ChatChunkChoice> Choices { get => field ?? []; init; }

    /// <summary>Gets what the call cost in tokens.</summary>
    /// <value>In the last chunk if <see cref="ChatStreamOptions.IncludeUsage"/> is set; some providers send it with every chunk, and a traced server sends
    /// it unasked.</value>
    public ChatUsage? Usage { get; init; }

    /// <summary>Gets the provider's class of service.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>Gets the provider's mark of its configuration.</summary>
    public string? SystemFingerprint { get; init; }
}

/// <summary>What a chunk adds to one answer.</summary>
public sealed record ChatChunkChoice : WireObject
{
    /// <summary>Gets the place among the answers, from 0.</summary>
    public int Index { get; init; }

    /// <summary>Gets what is added.</summary>
    public ChatCompletionMessage? Delta { get; init; }

    /// <summary>Gets why generation ended, in the last chunk of the answer; see <see cref="ChatChoice.FinishReason"/>.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Gets the probabilities of the tokens, if asked for.</summary>
    public JsonNode? Logprobs { get; init; }
}
