namespace LlamaStack.Client;

/// <summary>What a completion cost, in tokens.</summary>
public sealed record ChatUsage : WireObject
{
    /// <summary>Gets the tokens of the prompt, cached ones included.</summary>
    public long? PromptTokens { get; init; }

    /// <summary>Gets the tokens generated, reasoning included.</summary>
    public long? CompletionTokens { get; init; }

    /// <summary>Gets the sum of both.</summary>
    public long? TotalTokens { get; init; }

    /// <summary>Gets the kinds of prompt tokens, if the provider tells.</summary>
    public ChatPromptTokensDetails? PromptTokensDetails { get; init; }

    /// <summary>Gets the kinds of generated tokens, if the provider tells.</summary>
    public ChatCompletionTokensDetails? CompletionTokensDetails { get; init; }
}

/// <summary>The kinds of prompt tokens.</summary>
public sealed record ChatPromptTokensDetails : WireObject
{
    /// <summary>Gets the tokens that came from the provider's cache.</summary>
    public long? CachedTokens { get; init; }

    /// <summary>Gets the tokens of audio.</summary>
    public long? AudioTokens { get; init; }
}

/// <summary>The kinds of generated tokens.</summary>
public sealed record ChatCompletionTokensDetails : WireObject
{
    /// <summary>Gets the tokens spent on reasoning.</summary>
    public long? ReasoningTokens { get; init; }

    /// <summary>Gets the tokens of audio.</summary>
    public long? AudioTokens { get; init; }
}
