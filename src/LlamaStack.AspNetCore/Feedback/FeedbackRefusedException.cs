namespace LlamaStack.AspNetCore;

/// <summary>Feedback that is not taken: the status and the words of the answer.</summary>
internal sealed class FeedbackRefusedException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>Gets when it is worth another try.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
