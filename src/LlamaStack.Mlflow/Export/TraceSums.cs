namespace LlamaStack.Mlflow;

/// <summary>What the parts of a trace add up to: when it began and ended, and its tokens.</summary>
internal sealed class TraceSums
{
    public DateTime Start { get; private set; } = DateTime.MaxValue;

    public DateTime End { get; private set; } = DateTime.MinValue;

    public TokenSums? Tokens { get; private set; }

    public void Add(CompletedTrace trace)
    {
        foreach (var span in trace.Spans)
        {
            var (start, end) = (span.Activity.StartTimeUtc, span.Activity.StartTimeUtc + span.Activity.Duration);
            (Start, End) = (start < Start ? start : Start, end > End ? end : End);
        }

        Tokens = TokenSums.Sum(Tokens, SpanAttributes.TokensOf(trace));
    }
}
