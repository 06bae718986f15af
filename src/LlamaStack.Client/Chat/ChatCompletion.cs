using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>A completed chat.</summary>
/// <remarks>Source: the <c>chat.completion</c> object of the LlamaStack API. The server passes on whatever its model provider adds; what this package
/// does not know is in the extension data of each record.</remarks>
public sealed record ChatCompletion : WireObject
{
    /// <summary>Gets the completion's id.</summary>
    public string? Id { get; init; }

    /// <summary>Gets when the completion was made, in whole seconds; some providers send the epoch.</summary>
    [JsonConverter(typeof(UnixSecondsConverter))]
    public DateTimeOffset? Created { get; init; }

    /// <summary>Gets the model, as the request named it.</summary>
    public string? Model { get; init; }

    /// <summary>Gets the answers: one, unless the request asked for more.</summary>
    public IReadOnlyList<ChatChoice> Choices { get => field ?? []; init; }

    /// <summary>Gets what the call cost in tokens; some providers do not say.</summary>
    public ChatUsage? Usage { get; init; }

    /// <summary>Gets the provider's class of service.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>Gets the provider's mark of its configuration.</summary>
    public string? SystemFingerprint { get; init; }

    /// <summary>Gets the text of the first answer; empty where the model called functions or refused.</summary>
    [JsonIgnore]
    public string OutputText => Choices is [var first, ..] ? first.Message?.Content?.Text ?? "" : "";
}

/// <summary>One answer of a completion.</summary>
public sealed record ChatChoice : WireObject
{
    /// <summary>Gets the place among the answers, from 0.</summary>
    public int Index { get; init; }

    /// <summary>Gets the answer.</summary>
    public ChatCompletionMessage? Message { get; init; }

    /// <summary>Gets why generation ended: <c>stop</c>, <c>length</c>, <c>tool_calls</c>, <c>content_filter</c>, or a word of the provider's own.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Gets the probabilities of the tokens, if asked for.</summary>
    public JsonNode? Logprobs { get; init; }
}
