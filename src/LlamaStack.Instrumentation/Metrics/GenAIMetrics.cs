using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LlamaStack.Instrumentation;

/// <summary>The convention's client metrics, of each form that is spoken.</summary>
internal sealed class GenAIMetrics
{
    private readonly ReleasedInstruments? _released;
    private readonly LatestInstruments? _latest;
    private readonly Counter<long> _unrecorded;

    public GenAIMetrics(IMeterFactory? meters, GenAIConvention convention)
    {
        var meter = meters?.Create(LlamaStackDiagnostics.MeterName, LlamaStackDiagnostics.Version) ?? Standalone.Meter;
        _released = convention.HasFlag(GenAIConvention.Released) ? new ReleasedInstruments(meter) : null;
        _latest = convention.HasFlag(GenAIConvention.Latest) ? new LatestInstruments(meter, alsoOtherCalls: _released is null) : null;
        _unrecorded = meter.CreateCounter<long>("llama_stack.calls.unrecorded", "{call}", "Model calls that no span was recorded for.");
    }

    /// <summary>Gets a value indicating whether anyone listens.</summary>
    public bool Enabled => _released is { Enabled: true } || _latest is { Enabled: true };

    /// <summary>Gets a value indicating whether anyone wants to know of the time between chunks.</summary>
    public bool TimesChunks => _released is { TimesChunks: true } || _latest is { TimesChunks: true };

    /// <summary>A call is over.</summary>
    public void Record(GenAIApi api, TagList tags, TimeSpan duration, TimeSpan? timeToFirstChunk, TokenUsage? usage, string? errorType)
    {
        _released?.Record(tags, duration, timeToFirstChunk, usage, errorType);
        _latest?.Record(api, tags, duration, timeToFirstChunk, usage, errorType);
    }

    /// <summary>A further chunk of a stream came, this long after the one before.</summary>
    public void Chunk(GenAIApi api, TagList tags, TimeSpan gap)
    {
        _released?.Chunk(tags, gap);
        _latest?.Chunk(api, tags, gap);
    }

    public void Unrecorded(string reason) => _unrecorded.Add(1, new KeyValuePair<string, object?>("reason", reason));

    private static class Standalone
    {
        public static readonly Meter Meter = new(LlamaStackDiagnostics.MeterName, LlamaStackDiagnostics.Version);
    }
}
