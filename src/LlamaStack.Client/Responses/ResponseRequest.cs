using System.Text.Json.Nodes;

namespace LlamaStack.Client;

/// <summary>What to respond to, and how.</summary>
/// <remarks>Members left <see langword="null"/> are not sent. Source: <c>POST /v1/responses</c> of the LlamaStack API.</remarks>
public sealed record ResponseRequest : WireObject
{
    /// <summary>Gets the model, as the server lists it: <c>provider/model</c>.</summary>
    public string? Model { get; init; }

    /// <summary>Gets a question, or a list of items: messages, results of function calls, items of earlier responses.</summary>
    public ResponseInput? Input { get; init; }

    /// <summary>Gets how the model should behave; not carried over to later turns.</summary>
    public string? Instructions { get; init; }

    /// <summary>Gets the stored response that this one continues. Not together with <see cref="Conversation"/>.</summary>
    public string? PreviousResponseId { get; init; }

    /// <summary>Gets the conversation that the turn belongs to: its id, <c>conv_…</c>. The server refuses OpenAI's object form.</summary>
    public JsonNode? Conversation { get; init; }

    /// <summary>Gets whether the server keeps the response, so that it can be fetched and continued. The server's default is <see langword="true"/>.</summary>
    public bool? Store { get; init; }

    /// <summary>Gets whether the server answers at once with a queued response, to be polled. Not together with a stream.</summary>
    public bool? Background { get; init; }

    /// <summary>Gets whether the answer is streamed; the methods of <see cref="LlamaStackClient"/> that stream set it.</summary>
    public bool? Stream { get; init; }

    /// <summary>Gets options of the stream; the server only forwards them.</summary>
    public JsonNode? StreamOptions { get; init; }

    /// <summary>Gets the sampling temperature, 0 to 2.</summary>
    public double? Temperature { get; init; }

    /// <summary>Gets the share of probability that sampling draws from, 0 to 1.</summary>
    public double? TopP { get; init; }

    /// <summary>Gets the penalty for tokens by how often they occurred, -2 to 2.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>Gets the penalty for tokens that occurred at all, -2 to 2.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>Gets how many alternatives to report for each token, 0 to 20.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>Gets the most tokens to generate over all model calls of the response, at least 16.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Gets the most calls of tools that run on the server, at least 1.</summary>
    public int? MaxToolCalls { get; init; }

    /// <summary>Gets the most model calls, at least 1; the server's default is 10.</summary>
    /// <remarks>An extension of LlamaStack.</remarks>
    public int? MaxInferIters { get; init; }

    /// <summary>Gets whether input and output are moderated; servers up to 0.8 want a list of shields instead.</summary>
    /// <remarks>An extension of LlamaStack; the server needs a moderation endpoint for it.</remarks>
    public JsonNode? Guardrails { get; init; }

    /// <summary>Gets the tools: functions of the caller, and tools that run on the server.</summary>
    public IReadOnlyList<ResponseTool>? Tools { get; init; }

    /// <summary>Gets <c>auto</c>, <c>none</c>, <c>required</c>, or a choice such as <see cref="ResponseFunctionTool.ToToolChoice"/> returns.</summary>
    public JsonNode? ToolChoice { get; init; }

    /// <summary>Gets whether one answer may call several functions. The server's default is <see langword="true"/>.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>Gets the form of the text.</summary>
    public ResponseText? Text { get; init; }

    /// <summary>Gets how much a reasoning model reasons.</summary>
    public ResponseReasoning? Reasoning { get; init; }

    /// <summary>Gets what the response should also contain, such as <c>message.output_text.logprobs</c>; the server refuses values it does not know.</summary>
    public IReadOnlyList<string>? Include { get; init; }

    /// <summary>Gets what happens to a history longer than the model's context: <c>auto</c> (cut, from 1.0 on) or <c>disabled</c>.</summary>
    public string? Truncation { get; init; }

    /// <summary>Gets a prompt stored on the server: <c>id</c>, and if needed <c>version</c> and <c>variables</c>.</summary>
    public JsonNode? Prompt { get; init; }

    /// <summary>Gets when the history is compacted.</summary>
    public JsonNode? ContextManagement { get; init; }

    /// <summary>Gets texts that the server stores with the response and echoes.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Gets the provider's class of service: <c>auto</c>, <c>default</c>, <c>flex</c> or <c>priority</c>.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>Gets a stable name of the end user for abuse monitoring, at most 64 characters.</summary>
    public string? SafetyIdentifier { get; init; }

    /// <summary>Gets the key under which the provider caches the prompt, at most 64 characters.</summary>
    public string? PromptCacheKey { get; init; }
}
