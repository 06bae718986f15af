namespace LlamaStack.Mlflow;

/// <summary>Encoded traces in memory, in the order in which they came. How many there may be is the exporter's to know.</summary>
internal sealed class MemoryQueue : ITraceStore
{
    /// <summary>More than this does not go into one request, however few the traces.</summary>
    public const long MaxBatchBytes = 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly LinkedList<EncodedTrace> _waiting = [];
    private readonly TracesOnTheirWay _taken = new();
    private long _bytes;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    public long Bytes => Interlocked.Read(ref _bytes);

    public long MemoryBytes => Bytes;

    public int MemoryCount => Count;

    public bool IsLasting => false;

    public bool HasBacklog => false;

    public string? Add(EncodedTrace trace)
    {
        lock (_lock)
        {
            _waiting.AddLast(trace);
            _bytes += trace.Size;
        }

        return null;
    }

    public List<EncodedTrace> Take(int maxTraces)
    {
        List<EncodedTrace> batch = [];
        lock (_lock)
        {
            long bytes = 0;
            var node = _waiting.First;
            while (node is not null && batch.Count < maxTraces && (batch.Count == 0 || bytes + node.Value.Size <= MaxBatchBytes))
            {
                var next = node.Next;
                if (!_taken.Has(node.Value.TraceId))
                {
                    batch.Add(node.Value);
                    bytes += node.Value.Size;
                    _waiting.Remove(node);
                }

                node = next;
            }

            // Parts of one trace may share a request, but not be on their way in two.
            _taken.Add(batch);
            _bytes -= bytes;
        }

        return batch;
    }

    public void Done(IReadOnlyCollection<EncodedTrace> traces)
    {
        lock (_lock)
        {
            _taken.Remove(traces);
        }

        foreach (var trace in traces)
        {
            trace.Release();
        }
    }

    public void PutBack(IReadOnlyList<EncodedTrace> traces)
    {
        lock (_lock)
        {
            _taken.Remove(traces);
            foreach (var trace in traces.Reverse())
            {
                _waiting.AddFirst(trace);
                _bytes += trace.Size;
            }
        }
    }

    public void Dispose()
    {
    }
}
