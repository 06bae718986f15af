using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.Logging;

namespace LlamaStack.Mlflow;

/// <summary>How delivery goes: for the log (once a change, not once a failure), for metrics and for the health check.</summary>
internal sealed class DeliveryState
{
    /// <summary>Traces that cannot be stored are told of no more often than this.</summary>
    private static readonly TimeSpan _betweenLines = TimeSpan.FromMinutes(1);

    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Counter<long> _exported;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _retried;
    private readonly Counter<long> _notSampled;
    private readonly ConcurrentDictionary<string, long> _droppedByReason = [];
    private readonly Lock _lineLock = new();
    private long? _lastLine;
    private long _untold;
    private string? _problem;
    private string? _infoProblem;
    private string? _spoolProblem;

    public DeliveryState(ILogger<DeliveryState> logger, IMeterFactory meters, TimeProvider time)
    {
        _logger = logger;
        _time = time;
        var meter = meters.Create("LlamaStack.Mlflow", LlamaStackDiagnostics.Version);
        _exported = meter.CreateCounter<long>("llama_stack.exporter.exported", "{trace}", "Traces that MLflow has taken.");
        _dropped = meter.CreateCounter<long>("llama_stack.exporter.dropped", "{trace}", "Traces that were lost, by reason.");
        _retried = meter.CreateCounter<long>("llama_stack.exporter.retried", "{request}", "Requests that were sent again.");
        _notSampled = meter.CreateCounter<long>("llama_stack.exporter.not_sampled", "{trace}", "Traces that the sampling ratio left out.");
        meter.CreateObservableGauge("llama_stack.exporter.queued", () => Queued?.Invoke() ?? 0, "{trace}", "Traces that wait to be sent.");
        meter.CreateObservableGauge("llama_stack.exporter.spooled", () => Spooled?.Invoke() ?? 0L, "{trace}", "Traces that wait on disk, of this process and of the one before that it has taken over.");
    }

    public Func<int>? Queued { get; set; }

    public Func<long>? Spooled { get; set; }

    /// <summary>Gets what keeps traces from arriving; null while they arrive.</summary>
    public string? Problem => Volatile.Read(ref _problem);

    /// <summary>Gets what is wrong with the spool; null while nothing is.</summary>
    public string? SpoolProblem => Volatile.Read(ref _spoolProblem);

    public long Dropped => _droppedByReason.Values.Sum();

    /// <summary>Gets what was lost, for people: <c>3 were lost since the application started (queue_full 2, refused 1)</c>; null where nothing was.</summary>
    public string? Losses => _droppedByReason.IsEmpty ? null
        : $"{Dropped} were lost since the application started ({string.Join(", ", _droppedByReason.OrderBy(reason => reason.Key, StringComparer.Ordinal).Select(reason => $"{reason.Key} {reason.Value}"))})";

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

    public void Retried() => _retried.Add(1);

    public void NotSampled() => _notSampled.Add(1);

    public void Drop(string reason, int traces)
    {
        _droppedByReason.AddOrUpdate(reason, traces, (_, sum) => sum + traces);
        _dropped.Add(traces, new KeyValuePair<string, object?>("reason", reason));
    }

    /// <summary>The server cannot store a trace, whatever comes with it.</summary>
    public void TraceDropped(ActivityTraceId traceId, string problem)
    {
        Drop("refused", 1);
        long untold;
        lock (_lineLock)
        {
            if (_lastLine is { } last && _time.GetElapsedTime(last) < _betweenLines)
            {
                _untold++;
                return;
            }

            _lastLine = _time.GetTimestamp();
            (untold, _untold) = (_untold, 0);
        }

        _logger.TraceDropped(EncodedTrace.IdOf(traceId), problem, untold);
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

    public void SpoolWorks() => Volatile.Write(ref _spoolProblem, null);

    public void SpoolFails(string problem)
    {
        if (Interlocked.Exchange(ref _spoolProblem, problem) != problem)
        {
            _logger.SpoolFails(problem);
        }
    }

    public void SpoolDamaged(string path, int parts) => _logger.SpoolDamaged(path, parts);

    public void Failed(Exception exception) => _logger.ExportFailed(exception);
}
