using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>What to complete, and how.</summary>
/// <remarks>Members left <see langword="null"/> are not sent. Source: <c>POST /v1/chat/completions</c> of the LlamaStack API.</remarks>
public sealed record ChatCompletionRequest : WireObject
{
    /// <summary>Gets the model, as the server lists it: <c>provider/model</c>.</summary>
    public string? Model { get; init; }

    /// <summary>Gets the conversation so far, oldest message first; the server wants at least one.</summary>
    public IReadOnlyList<ChatCompletionMessage>? Messages { get; init; }

    /// <summary>Gets the sampling temperature, 0 to 2.</summary>
    public double? Temperature { get; init; }

    /// <summary>Gets the share of probability that sampling draws from, 0 to 1.</summary>
    public double? TopP { get; init; }

    /// <summary>Gets the penalty for tokens by how often they occurred, -2 to 2.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>Gets the penalty for tokens that occurred at all, -2 to 2.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>Gets the most tokens to generate, at least 1; understood by most providers behind a LlamaStack server.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Gets the most tokens to generate, reasoning included, at least 1; OpenAI's reasoning models want this one.</summary>
    public int? MaxCompletionTokens { get; init; }

    /// <summary>Gets how many answers to generate, at least 1; the server's default is 1.</summary>
    public int? N { get; init; }

    /// <summary>Gets the seed of the sampling, for providers that honour one.</summary>
    public long? Seed { get; init; }

    /// <summary>Gets the texts at which generation stops. A single string on the wire is read as a list of one.</summary>
    [JsonConverter(typeof(StringOrListConverter))]
    public IReadOnlyList<string>? Stop { get; init; }

    /// <summary>Gets whether the answer is streamed; the methods of <see cref="LlamaStackClient"/> that stream set it.</summary>
    public bool? Stream { get; init; }

    /// <summary>Gets what a streamed answer also contains.</summary>
    public ChatStreamOptions? StreamOptions { get; init; }

    /// <summary>Gets the form of the answer: text, any JSON object, or JSON of a schema.</summary>
    public ChatCompletionFormat? ResponseFormat { get; init; }

    /// <summary>Gets the functions that the model may call.</summary>
    public IReadOnlyList<ChatTool>? Tools { get; init; }

    /// <summary>Gets <c>auto</c>, <c>none</c>, <c>required</c>, or a choice such as <see cref="ChatTool.ToToolChoice"/> returns. Without tools the server
    /// refuses it.</summary>
    public JsonNode? ToolChoice { get; init; }

    /// <summary>Gets whether one answer may call several functions.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>Gets whether the answer holds the probabilities of its tokens.</summary>
    public bool? Logprobs { get; init; }

    /// <summary>Gets how many alternatives to report for each token, 0 to 20.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>Gets what is added to the likelihood of single tokens, by token id.</summary>
    public IReadOnlyDictionary<string, double>? LogitBias { get; init; }

    /// <summary>Gets the end user on whose behalf the call is made.</summary>
    public string? User { get; init; }

    /// <summary>Gets how much a reasoning model reasons: <c>none</c>, <c>minimal</c>, <c>low</c>, <c>medium</c>, <c>high</c> or <c>xhigh</c>.</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>Gets the provider's class of service: <c>auto</c>, <c>default</c>, <c>flex</c> or <c>priority</c>.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>Gets a stable name of the end user for abuse monitoring, at most 64 characters.</summary>
    public string? SafetyIdentifier { get; init; }

    /// <summary>Gets the key under which the provider caches the prompt, at most 64 characters.</summary>
    public string? PromptCacheKey { get; init; }
}

/// <summary>What a streamed answer also contains.</summary>
public sealed record ChatStreamOptions : WireObject
{
    /// <summary>Gets whether the last chunk, one without choices, carries the usage.</summary>
    public bool? IncludeUsage { get; init; }
}
