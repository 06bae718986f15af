using System.Diagnostics.Metrics;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.Logging;

namespace LlamaStack.Mlflow;

/// <summary>How delivery goes: for the log (once a change, not once a failure), for metrics and for the health check.</summary>
internal sealed class DeliveryState
{
    private readonly ILogger _logger;
    private readonly Counter<long> _exported;
    private readonly Counter<long> _dropped;
    private long _droppedTotal;
    private string? _problem;
    private string? _infoProblem;

    public DeliveryState(ILogger<DeliveryState> logger, IMeterFactory meters)
    {
        _logger = logger;
        var meter = meters.Create("LlamaStack.Mlflow", LlamaStackDiagnostics.Version);
        _exported = meter.CreateCounter<long>("llama_stack.exporter.exported", "{trace}", "Traces that MLflow has taken.");
        _dropped = meter.CreateCounter<long>("llama_stack.exporter.dropped", "{trace}", "Traces that were lost, by reason.");
        meter.CreateObservableGauge("llama_stack.exporter.queued", () => Queued?.Invoke() ?? 0, "{trace}", "Traces that wait to be sent.");
    }

    public Func<int>? Queued { get; set; }

    /// <summary>Gets what keeps traces from arriving; null while they arrive.</summary>
    public string? Problem => Volatile.Read(ref _problem);

    public long Dropped => Interlocked.Read(ref _droppedTotal);

    public void Works(int traces)
    {
        _exported.Add(traces);
        if (Interlocked.Exchange(ref _problem, null) is not null)
        {
            _logger.DeliveryWorks(Dropped);
        }
    }

    public void Fails(string problem)
    {
        if (Interlocked.Exchange(ref _problem, problem) != problem)
        {
            _logger.DeliveryFails(problem);
        }
    }

    public void Drop(string reason, int traces)
    {
        Interlocked.Add(ref _droppedTotal, traces);
        _dropped.Add(traces, new KeyValuePair<string, object?>("reason", reason));
    }

    public void TraceDropped(string traceId, string problem)
    {
        Drop("refused", 1);
        _logger.TraceDropped(traceId, problem);
    }

    public void TraceInfoWorks()
    {
        Volatile.Write(ref _infoProblem, null);
        Works(0);
    }

    public void TraceInfoFails(string traceId, string problem)
    {
        if (Interlocked.Exchange(ref _infoProblem, problem) != problem)
        {
            _logger.TraceInfoFailed(traceId, problem);
        }
    }

    public void Failed(Exception exception) => _logger.ExportFailed(exception);
}
