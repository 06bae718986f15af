using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>A response: what the model and the server's tools made of an input.</summary>
/// <remarks>Source: the <c>response</c> object of the LlamaStack API. The request's settings come back as its further members, here or in
/// <see cref="WireObject.ExtensionData"/>.</remarks>
public sealed record ResponseObject : WireObject
{
    /// <summary>Gets the response's id, to fetch or to continue it by.</summary>
    public string? Id { get; init; }

    /// <summary>Gets when the response was started, in whole seconds.</summary>
    [JsonConverter(typeof(UnixSecondsConverter))]
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Gets when it was completed, in whole seconds; only with the status <c>completed</c>.</summary>
    [JsonConverter(typeof(UnixSecondsConverter))]
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Gets <c>queued</c>, <c>in_progress</c>, <c>completed</c>, <c>incomplete</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    public string? Status { get; init; }

    /// <summary>Gets the model, as the request named it.</summary>
    public string? Model { get; init; }

    /// <summary>Gets what was made: messages, calls, reasoning.</summary>
    public IReadOnlyList<ResponseItem> Output { get => field ?? []; init; }

    /// <summary>Gets why the response failed.</summary>
    public ResponseError? Error { get; init; }

    /// <summary>Gets why the response is incomplete.</summary>
    public ResponseIncompleteDetails? IncompleteDetails { get; init; }

    /// <summary>Gets what all model calls of the response cost in tokens. <see langword="null"/> until it ends, and if the provider does not say.</summary>
    public ResponseUsage? Usage { get; init; }

    /// <summary>Gets the response that this one continues. Servers up to 0.8 do not echo it.</summary>
    public string? PreviousResponseId { get; init; }

    /// <summary>Gets the request's instructions.</summary>
    public JsonNode? Instructions { get; init; }

    /// <summary>Gets the request's tools; of an MCP server only the label and the allowed tools.</summary>
    public IReadOnlyList<ResponseTool>? Tools { get; init; }

    /// <summary>Gets the request's tool choice.</summary>
    public JsonNode? ToolChoice { get; init; }

    /// <summary>Gets the request's texts.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Gets the form of the text.</summary>
    public ResponseText? Text { get; init; }

    /// <summary>Gets how much the model was to reason.</summary>
    public ResponseReasoning? Reasoning { get; init; }

    /// <summary>Gets whether the server keeps the response.</summary>
    public bool? Store { get; init; }

    /// <summary>Gets whether the response is made in the background.</summary>
    public bool? Background { get; init; }

    /// <summary>Gets the sampling temperature.</summary>
    public double? Temperature { get; init; }

    /// <summary>Gets the share of probability that sampling drew from.</summary>
    public double? TopP { get; init; }

    /// <summary>Gets the limit of generated tokens.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Gets the texts of all messages, one after the other; empty where there are none.</summary>
    [JsonIgnore]
    public string OutputText => string.Concat(Messages.Select(static content => content.Text));

    /// <summary>Gets why a guardrail or the model refused, or <see langword="null"/>.</summary>
    /// <remarks>A guardrail's refusal only: the server loses a model's refusal here, it exists in the stream's
    /// <see cref="ResponseRefusalDoneEvent"/> alone.</remarks>
    [JsonIgnore]
    public string? Refusal
    {
        get
        {
            var refusals = Messages.SelectMany(static content => content.Parts ?? []).Select(static part => part.Refusal).OfType<string>().ToList();
            return refusals.Count == 0 ? null : string.Concat(refusals);
        }
    }

    private IEnumerable<ResponseContent> Messages => Output.OfType<ResponseMessageItem>().Select(static item => item.Content).OfType<ResponseContent>();
}

/// <summary>Why a response failed.</summary>
public sealed record ResponseError : WireObject
{
    /// <summary>Gets one of OpenAI's codes, such as <c>rate_limit_exceeded</c>; <c>server_error</c> for all the server does not know.</summary>
    public string? Code { get; init; }

    /// <summary>Gets the words of the server or of its model provider.</summary>
    public string? Message { get; init; }
}

/// <summary>Why a response is incomplete.</summary>
public sealed record ResponseIncompleteDetails : WireObject
{
    /// <summary>Gets <c>max_output_tokens</c>, <c>length</c>, <c>max_iterations_exceeded</c> or <c>content_filter</c>.</summary>
    public string? Reason { get; init; }
}

/// <summary>What a response cost, in tokens, summed over its model calls.</summary>
public sealed record ResponseUsage : WireObject
{
    /// <summary>Gets the tokens of the prompts, cached ones included.</summary>
    public long? InputTokens { get; init; }

    /// <summary>Gets the tokens generated, reasoning included.</summary>
    public long? OutputTokens { get; init; }

    /// <summary>Gets the sum of both.</summary>
    public long? TotalTokens { get; init; }

    /// <summary>Gets the kinds of prompt tokens.</summary>
    public ResponseInputTokensDetails? InputTokensDetails { get; init; }

    /// <summary>Gets the kinds of generated tokens.</summary>
    public ResponseOutputTokensDetails? OutputTokensDetails { get; init; }
}

/// <summary>The kinds of prompt tokens.</summary>
public sealed record ResponseInputTokensDetails : WireObject
{
    /// <summary>Gets the tokens that came from the provider's cache.</summary>
    public long? CachedTokens { get; init; }
}

/// <summary>The kinds of generated tokens.</summary>
public sealed record ResponseOutputTokensDetails : WireObject
{
    /// <summary>Gets the tokens spent on reasoning.</summary>
    public long? ReasoningTokens { get; init; }
}
