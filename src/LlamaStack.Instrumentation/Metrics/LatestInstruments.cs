using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LlamaStack.Instrumentation;

/// <summary>The instruments of the coming convention: inference has its own, tokens are counted for sums and have histograms for percentiles.</summary>
/// <param name="meter">The meter.</param>
/// <param name="alsoOtherCalls">Is the duration of other calls than inference, which has the released name, to be told here?</param>
internal sealed class LatestInstruments(Meter meter, bool alsoOtherCalls)
{
    // Servers of this API do not say which tokens are text.
    private const string UnknownModality = "unknown";

    private readonly Histogram<double>? _otherDuration = alsoOtherCalls
        ? meter.CreateHistogram(GenAIAttributes.Metric.OperationDuration, "s", "Duration of a GenAI operation other than inference.", null, Buckets.Seconds)
        : null;

    private readonly Histogram<double> _duration =
        meter.CreateHistogram(GenAIAttributes.Metric.InferenceDuration, "s", "Duration of an inference.", null, Buckets.Seconds);

    private readonly Histogram<double> _timeToFirstChunk =
        meter.CreateHistogram(GenAIAttributes.Metric.InferenceTimeToFirstChunk, "s", "Time from a request to the first chunk of its stream.", null, Buckets.Seconds);

    private readonly Histogram<double> _timePerChunk =
        meter.CreateHistogram(GenAIAttributes.Metric.InferenceTimePerOutputChunk, "s", "Time between two chunks of a stream.", null, Buckets.Seconds);

    private readonly Histogram<long> _inputTokens =
        meter.CreateHistogram(GenAIAttributes.Metric.InferenceInputTokens, "{token}", "Input tokens of an inference.", null, Buckets.Tokens);

    private readonly Histogram<long> _outputTokens =
        meter.CreateHistogram(GenAIAttributes.Metric.InferenceOutputTokens, "{token}", "Output tokens of an inference.", null, Buckets.Tokens);

    private readonly Counter<long> _inputTotal = meter.CreateCounter<long>(GenAIAttributes.Metric.InferenceUsageInput, "{token}", "Input tokens, cached ones included.");
    private readonly Counter<long> _outputTotal = meter.CreateCounter<long>(GenAIAttributes.Metric.InferenceUsageOutput, "{token}", "Output tokens, those of reasoning included.");
    private readonly Counter<long> _cacheReadTotal = meter.CreateCounter<long>(GenAIAttributes.Metric.InferenceUsageCacheRead, "{token}", "Input tokens read from a cache.");
    private readonly Counter<long> _cacheWriteTotal = meter.CreateCounter<long>(GenAIAttributes.Metric.InferenceUsageCacheWrite, "{token}", "Input tokens written to a cache.");
    private readonly Counter<long> _reasoningTotal = meter.CreateCounter<long>(GenAIAttributes.Metric.InferenceUsageReasoning, "{token}", "Output tokens of reasoning.");

    public bool Enabled => _duration.Enabled || _timeToFirstChunk.Enabled || _timePerChunk.Enabled || _inputTotal.Enabled || _outputTotal.Enabled
        || _inputTokens.Enabled || _outputTokens.Enabled || _otherDuration is { Enabled: true };

    public bool TimesChunks => _timePerChunk.Enabled;

    public void Record(GenAIApi api, TagList tags, TimeSpan duration, TimeSpan? timeToFirstChunk, TokenUsage? usage, string? errorType)
    {
        if (api.IsInference())
        {
            if (timeToFirstChunk is { } first)
            {
                _timeToFirstChunk.Record(first.TotalSeconds, tags);
            }

            if (usage is not null)
            {
                RecordTokens(tags, usage);
            }
        }

        if (errorType is not null)
        {
            tags.Add(SemanticAttributes.ErrorType, errorType);
        }

        (api.IsInference() ? _duration : _otherDuration)?.Record(duration.TotalSeconds, tags);
    }

    public void Chunk(GenAIApi api, TagList tags, TimeSpan gap)
    {
        if (api.IsInference())
        {
            _timePerChunk.Record(gap.TotalSeconds, tags);
        }
    }

    private void RecordTokens(TagList tags, TokenUsage usage)
    {
        if (usage.Input is { } input)
        {
            _inputTokens.Record(input, tags);
        }

        if (usage.Output is { } output)
        {
            _outputTokens.Record(output, tags);
        }

        tags.Add(GenAIAttributes.Token.Modality, UnknownModality);
        Count(_inputTotal, usage.Input, tags);
        Count(_outputTotal, usage.Output, tags);
        Count(_cacheReadTotal, usage.CacheRead, tags);
        Count(_cacheWriteTotal, usage.CacheWrite, tags);
        Count(_reasoningTotal, usage.Reasoning, tags);
    }

    private static void Count(Counter<long> counter, long? count, TagList tags)
    {
        if (count is { } tokens)
        {
            counter.Add(tokens, tags);
        }
    }
}
