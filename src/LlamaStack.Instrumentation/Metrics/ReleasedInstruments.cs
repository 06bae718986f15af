using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LlamaStack.Instrumentation;

/// <summary>The instruments of the released convention, v1.41: one set for all operations.</summary>
internal sealed class ReleasedInstruments(Meter meter)
{
    private readonly Histogram<double> _duration =
        meter.CreateHistogram(GenAIAttributes.Metric.OperationDuration, "s", "Duration of a GenAI operation.", null, Buckets.Seconds);

    private readonly Histogram<double> _timeToFirstChunk =
        meter.CreateHistogram(GenAIAttributes.Metric.TimeToFirstChunk, "s", "Time from a request to the first chunk of its stream.", null, Buckets.Seconds);

    private readonly Histogram<double> _timePerChunk =
        meter.CreateHistogram(GenAIAttributes.Metric.TimePerOutputChunk, "s", "Time between two chunks of a stream.", null, Buckets.Seconds);

    private readonly Histogram<long> _tokenUsage =
        meter.CreateHistogram(GenAIAttributes.Metric.TokenUsage, "{token}", "Tokens that an operation used.", null, Buckets.Tokens);

    public bool Enabled => _duration.Enabled || _tokenUsage.Enabled || _timeToFirstChunk.Enabled || _timePerChunk.Enabled;

    public bool TimesChunks => _timePerChunk.Enabled;

    public void Record(TagList tags, TimeSpan duration, TimeSpan? timeToFirstChunk, TokenUsage? usage, string? errorType)
    {
        if (timeToFirstChunk is { } first)
        {
            _timeToFirstChunk.Record(first.TotalSeconds, tags);
        }

        RecordTokens(tags, "input", usage?.Input);
        RecordTokens(tags, "output", usage?.Output);
        if (errorType is not null)
        {
            tags.Add(SemanticAttributes.ErrorType, errorType);
        }

        _duration.Record(duration.TotalSeconds, tags);
    }

    public void Chunk(TagList tags, TimeSpan gap) => _timePerChunk.Record(gap.TotalSeconds, tags);

    private void RecordTokens(TagList tags, string type, long? count)
    {
        if (count is { } tokens)
        {
            tags.Add(GenAIAttributes.Token.Type, type);
            _tokenUsage.Record(tokens, tags);
        }
    }
}
