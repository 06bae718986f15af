using System.Collections.Concurrent;
using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;

namespace LlamaStack.Mlflow;

/// <summary>OpenTelemetry's OTLP exporter, and how its deliveries go: by itself it says nothing of what it could not deliver, and its queue nothing of what found no place.</summary>
/// <param name="settings">The exporter's.</param>
/// <param name="capacity">How many spans may wait.</param>
/// <param name="state">Who is told.</param>
internal sealed class OtlpDelivery(OtlpExporterOptions settings, int capacity, DeliveryState state) : OtlpTraceExporter(settings)
{
    private readonly string _problem = $"the OTLP endpoint {Addresses.Shown(settings.Endpoint)} did not take the last spans.";
    private readonly ConcurrentDictionary<ActivityTraceId, int> _traces = [];
    private int _spans;

    /// <summary>Gets how many traces wait, or parts of them.</summary>
    public int Waiting => _traces.Count;

    /// <summary>Keeps places in the queue for spans of one trace. Where there are not enough, none of them is taken, and the trace is counted as lost.</summary>
    public bool TryTake(ActivityTraceId trace, int spans)
    {
        if (Interlocked.Add(ref _spans, spans) > capacity)
        {
            Interlocked.Add(ref _spans, -spans);
            state.Drop("queue_full", 1);
            return false;
        }

        _traces.AddOrUpdate(trace, spans, (_, before) => before + spans);
        return true;
    }

    public override OpenTelemetry.ExportResult Export(in Batch<Activity> activityBatch)
    {
        // What is read from the queue has left it.
        var spans = new Activity[activityBatch.Count];
        var count = 0;
        foreach (var span in activityBatch)
        {
            spans[count++] = span;
        }

        Interlocked.Add(ref _spans, -count);
        var result = base.Export(new Batch<Activity>(spans, count));
        var traces = spans.Take(count).GroupBy(static span => span.TraceId).Count(trace => Leaves(trace.Key, trace.Count()));
        if (result is OpenTelemetry.ExportResult.Success)
        {
            state.Works(traces);
        }
        else
        {
            state.Fails(_problem);
            state.Drop("not_delivered", traces);
        }

        return result;
    }

    protected override bool OnShutdown(int timeoutMilliseconds)
    {
        if (Waiting is > 0 and var left)
        {
            state.Drop("shutdown", left);
        }

        return base.OnShutdown(timeoutMilliseconds);
    }

    /// <summary>A trace counts once, with the last of its spans that wait.</summary>
    private bool Leaves(ActivityTraceId trace, int spans) =>
        _traces.AddOrUpdate(trace, 0, (_, waiting) => waiting - spans) <= 0 && _traces.TryRemove(KeyValuePair.Create(trace, 0));
}
