namespace LlamaStack.Testing;

/// <summary>What the canned model says: text, or a refusal, or calls.</summary>
internal sealed record CannedAnswer(string? Text, string? Refusal, IReadOnlyList<CannedCall> Calls, string FinishReason, int PromptTokens)
{
    public int CompletionTokens => Words.Count(Text) + Words.Count(Refusal) + Calls.Sum(static call => Words.Count(call.Arguments));
}
