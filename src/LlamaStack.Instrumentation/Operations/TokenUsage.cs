namespace LlamaStack.Instrumentation;

/// <summary>Token counts as the server said them; what it did not say is null. Cached tokens are part of the input, reasoning tokens of the output.</summary>
internal sealed record TokenUsage(long? Input, long? Output, long? Total, long? CacheRead, long? CacheWrite, long? Reasoning)
{
    /// <summary>Reads a <c>usage</c> member of chat completions, Responses or embeddings.</summary>
    /// <returns>Null where it holds no count.</returns>
    public static TokenUsage? Read(ReadOnlySpan<byte> usage)
    {
        long? input = null, output = null, total = null, cacheRead = null, cacheWrite = null, reasoning = null;
        foreach (var member in new JsonMembers(usage))
        {
            if (member.Name.SequenceEqual("prompt_tokens"u8) || member.Name.SequenceEqual("input_tokens"u8))
            {
                input = JsonText.Integer(member.Value);
            }
            else if (member.Name.SequenceEqual("completion_tokens"u8) || member.Name.SequenceEqual("output_tokens"u8))
            {
                output = JsonText.Integer(member.Value);
            }
            else if (member.Name.SequenceEqual("total_tokens"u8))
            {
                total = JsonText.Integer(member.Value);
            }
            else if (member.Name.SequenceEqual("prompt_tokens_details"u8) || member.Name.SequenceEqual("input_tokens_details"u8))
            {
                cacheRead = JsonText.Integer(JsonText.Member(member.Value, "cached_tokens"u8));
                cacheWrite = JsonText.Integer(JsonText.Member(member.Value, "cache_write_tokens"u8));
            }
            else if (member.Name.SequenceEqual("completion_tokens_details"u8) || member.Name.SequenceEqual("output_tokens_details"u8))
            {
                reasoning = JsonText.Integer(JsonText.Member(member.Value, "reasoning_tokens"u8));
            }
        }

        return input is null && output is null && total is null ? null : new TokenUsage(input, output, total, cacheRead, cacheWrite, reasoning);
    }
}
