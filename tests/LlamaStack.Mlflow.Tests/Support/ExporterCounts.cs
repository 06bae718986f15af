using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace LlamaStack.Mlflow.Tests;

/// <summary>What the exporter of one application counts.</summary>
internal sealed class ExporterCounts : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _counts = [];
    private long _queued;
    private long _spooled;

    public ExporterCounts(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter is { Name: "LlamaStack.Mlflow" } meter && meter.Scope == meters)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument is ObservableInstrument<long>)
            {
                Interlocked.Exchange(ref _spooled, value);
                return;
            }

            var key = instrument.Name["llama_stack.exporter.".Length..];
            foreach (var (name, tag) in tags)
            {
                key += $" {name}={tag}";
            }

            _counts.AddOrUpdate(key, value, (_, sum) => sum + value);
        });
        _listener.SetMeasurementEventCallback<int>((_, value, _, _) => Interlocked.Exchange(ref _queued, value));
        _listener.Start();
    }

    public long Exported => this["exported"];

    public long Queued
    {
        get
        {
            _listener.RecordObservableInstruments();
            return Interlocked.Read(ref _queued);
        }
    }

    public long Spooled
    {
        get
        {
            _listener.RecordObservableInstruments();
            return Interlocked.Read(ref _spooled);
        }
    }

    public long NotSampled => this["not_sampled"];

    /// <summary>Gets what was lost, by reason, in the order of the reasons' names: <c>refused: 3</c>.</summary>
    public string Dropped => string.Join(", ", _counts
        .Where(count => count.Key.StartsWith("dropped reason=", StringComparison.Ordinal))
        .OrderBy(count => count.Key, StringComparer.Ordinal)
        .Select(count => $"{count.Key["dropped reason=".Length..]}: {count.Value}"));

    /// <summary>Gets how many were lost.</summary>
    public int Lost => (int)_counts.Where(count => count.Key.StartsWith("dropped reason=", StringComparison.Ordinal)).Sum(count => count.Value);

    private long this[string key] => _counts.GetValueOrDefault(key);

    public void Dispose() => _listener.Dispose();
}
