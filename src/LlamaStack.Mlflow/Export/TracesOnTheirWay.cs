using System.Diagnostics;

namespace LlamaStack.Mlflow;

/// <summary>Of which traces parts are in a request now. MLflow does not stand two requests of one trace at once on every version. For one thread at a time.</summary>
internal sealed class TracesOnTheirWay
{
    private readonly Dictionary<ActivityTraceId, int> _parts = [];

    public bool Has(ActivityTraceId traceId) => _parts.ContainsKey(traceId);

    public void Add(IEnumerable<EncodedTrace> traces)
    {
        foreach (var trace in traces)
        {
            _parts[trace.TraceId] = _parts.GetValueOrDefault(trace.TraceId) + 1;
        }
    }

    public void Remove(IEnumerable<EncodedTrace> traces)
    {
        foreach (var trace in traces)
        {
            if (_parts.GetValueOrDefault(trace.TraceId) is > 1 and var parts)
            {
                _parts[trace.TraceId] = parts - 1;
            }
            else
            {
                _parts.Remove(trace.TraceId);
            }
        }
    }
}
