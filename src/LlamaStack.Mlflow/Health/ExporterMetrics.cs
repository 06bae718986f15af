using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>What the exporter counts, for those who read health: the same numbers that metrics have, and when traces arrived last.</summary>
internal sealed class ExporterMetrics : IDisposable
{
    private const string Prefix = "llama_stack.";
    private const string Exported = "exporter.exported";
    private const string Unrecorded = "calls.unrecorded";

    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private readonly TimeProvider _time;
    private long _lastSuccess;

    public ExporterMetrics(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        var meter = meters.Create("LlamaStack.Mlflow", LlamaStackDiagnostics.Version);
        meter.CreateObservableGauge("llama_stack.exporter.last_success", () => Interlocked.Read(ref _lastSuccess) is > 0 and var seconds ? (Measurement<long>[])[new(seconds)] : [], "s", "When traces were last taken, in seconds since 1970.");
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // Several hosts in one process have a factory each.
            if (instrument.Meter.Scope == meters && instrument.Name.StartsWith(Prefix, StringComparison.Ordinal) && instrument.Name != "llama_stack.exporter.last_success")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, measurement, tags, _) => Count(instrument, measurement, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, measurement, tags, _) => Count(instrument, measurement, tags));
        _listener.Start();
    }

    /// <summary>All numbers, without their prefix: <c>exporter.queued</c>, <c>exporter.dropped.queue_full</c>, <c>exporter.last_success</c>.</summary>
    public IReadOnlyDictionary<string, object> Read()
    {
        _listener.RecordObservableInstruments();
        var data = new SortedDictionary<string, object>(StringComparer.Ordinal);
        foreach (var (name, count) in _counts)
        {
            data[name] = count;
        }

        if (Interlocked.Read(ref _lastSuccess) is > 0 and var seconds)
        {
            data["exporter.last_success"] = DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("O", CultureInfo.InvariantCulture);
        }

        return data;
    }

    /// <summary>The model calls that are in no trace, with what to do about it; null where all are.</summary>
    public string? MissingCalls()
    {
        var byReason = _counts.Where(static count => count.Key.StartsWith(Unrecorded, StringComparison.Ordinal)).OrderBy(static count => count.Key, StringComparer.Ordinal).ToList();
        if (byReason.Count == 0)
        {
            return null;
        }

        var reasons = string.Join(", ", byReason.Select(static count => $"{count.Key[(Unrecorded.Length + 1)..]} {count.Value}"));
        return $" {byReason.Sum(static count => count.Value)} model calls were not recorded ({reasons}): caller_not_sampled is cured by app.UseLlamaStackTracing() in mode Mlflow or LlamaStack:Tracing:HonorIncomingSampling=false, the others are the application's own sampler.";
    }

    public void Dispose() => _listener.Dispose();

    private void Count(Instrument instrument, long measurement, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name[Prefix.Length..];
        foreach (var (key, value) in tags)
        {
            name = key == "reason" ? $"{name}.{value}" : name;
        }

        if (instrument.IsObservable)
        {
            _counts[name] = measurement;
            return;
        }

        _counts.AddOrUpdate(name, measurement, (_, sum) => sum + measurement);
        if (name == Exported && measurement > 0)
        {
            Interlocked.Exchange(ref _lastSuccess, _time.GetUtcNow().ToUnixTimeSeconds());
        }
    }
}
