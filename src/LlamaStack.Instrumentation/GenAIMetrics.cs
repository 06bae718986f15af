using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LlamaStack.Instrumentation;

/// <summary>The convention's client metrics, with the bucket boundaries it advises.</summary>
internal sealed class GenAIMetrics
{
    private static readonly InstrumentAdvice<double> _seconds = new()
    {
        HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
    };

    private static readonly InstrumentAdvice<long> _tokens = new()
    {
        HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
    };

    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _timeToFirstChunk;
    private readonly Histogram<long> _tokenUsage;
    private readonly Counter<long> _unrecorded;

    public GenAIMetrics(IMeterFactory? meters)
    {
        var meter = meters?.Create(LlamaStackDiagnostics.MeterName, LlamaStackDiagnostics.Version) ?? Standalone.Meter;
        _duration = meter.CreateHistogram(GenAIAttributes.Metric.OperationDuration, "s", "Duration of a GenAI operation.", null, _seconds);
        _timeToFirstChunk = meter.CreateHistogram(GenAIAttributes.Metric.TimeToFirstChunk, "s", "Time from a request to the first chunk of its stream.", null, _seconds);
        _tokenUsage = meter.CreateHistogram(GenAIAttributes.Metric.TokenUsage, "{token}", "Tokens that an operation used.", null, _tokens);
        _unrecorded = meter.CreateCounter<long>("llama_stack.calls.unrecorded", "{call}", "Model calls that no span was recorded for.");
    }

    /// <summary>Gets a value indicating whether anyone listens.</summary>
    public bool Enabled => _duration.Enabled || _tokenUsage.Enabled || _timeToFirstChunk.Enabled;

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

    public void Unrecorded(string reason) => _unrecorded.Add(1, new KeyValuePair<string, object?>("reason", reason));

    private void RecordTokens(TagList tags, string type, long? count)
    {
        if (count is { } tokens)
        {
            tags.Add(GenAIAttributes.Token.Type, type);
            _tokenUsage.Record(tokens, tags);
        }
    }

    private static class Standalone
    {
        public static readonly Meter Meter = new(LlamaStackDiagnostics.MeterName, LlamaStackDiagnostics.Version);
    }
}
