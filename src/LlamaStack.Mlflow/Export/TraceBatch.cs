namespace LlamaStack.Mlflow;

/// <summary>Traces on their way to the server. What becomes of each is told once: it has arrived or is lost for good, or it goes back to where it came from.</summary>
internal sealed class TraceBatch(ITraceStore store, List<EncodedTrace> traces, Action<int> finished)
{
    /// <summary>Gets those that nothing has become of yet, in their order.</summary>
    public IReadOnlyList<EncodedTrace> Open => traces;

    /// <summary>These have arrived, or are lost and counted.</summary>
    public void Settle(IReadOnlyCollection<EncodedTrace> settled)
    {
        var known = settled.ToHashSet<EncodedTrace>(ReferenceEqualityComparer.Instance);
        traces.RemoveAll(known.Contains);
        store.Done(settled);
        finished(settled.Count(trace => !trace.IsFromBefore));
    }

    /// <summary>Fills the batch up with what waits behind it: one trace alone cannot show whether the fault is its own or the server's.</summary>
    public void FillUp(int maxTraces) => traces.AddRange(store.Take(maxTraces - traces.Count));
}
