using System.Diagnostics;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>Encodes traces, and remembers the newest of them: what comes later of one is put where it belongs. For one thread at a time.</summary>
internal sealed class TraceEncoder(MlflowTracingOptions options, OtlpTraces otlp, TraceInfos infos)
{
    /// <summary>A span is a message whose length takes four bytes with seven bits each.</summary>
    private const int MaxSize = 200 * 1024 * 1024;

    /// <summary>A trace that says it is larger than this shows so first.</summary>
    private const int MaxFirstRoom = 1024 * 1024;

    private const int MaxRemembered = 4096;

    private readonly Dictionary<ActivityTraceId, Known> _known = [];
    private readonly Queue<ActivityTraceId> _oldest = new();

    private PooledBytes _output = new();
    private SpanRoom _shared = SpanRoom.ForMany();

    /// <summary>Encodes a trace, or a part of one.</summary>
    /// <returns>Null where it is too big for any request.</returns>
    public EncodedTrace? Encode(CompletedTrace trace)
    {
        var known = Remember(trace.TraceId);
        var isWhole = Place(trace, known);
        _output.Clear();
        _output.GetSpan((int)Math.Min(trace.Size, MaxFirstRoom));
        otlp.WriteSpans(trace, _output);
        if (_output.Length > MaxSize)
        {
            _output.Return();
            return null;
        }

        // The server adds up late spans itself, but not once it was told what the trace adds up to: then it is told anew.
        var more = isWhole && infos.TellsMore(trace);
        if (isWhole && (more || infos.MayBeNeeded))
        {
            known.Info = infos.Of(trace, known.Sums);
            known.TellsMore = more;
        }
        else if (known.Info is { } before)
        {
            known.Info = TraceInfos.Of(trace, known.Sums, before);
        }
        else if (!isWhole)
        {
            known.Sums.Add(trace);
        }

        var links = TraceLinks.Of(trace.Details, options);
        var spans = Keep(out var room);
        return new EncodedTrace(trace.TraceId, otlp.Resource, spans, known.Info, known.TellsMore, links, room);
    }

    /// <summary>The spans that were written, where they can stay: small traces share memory, a large one keeps what it was written to, unless most of that is empty.</summary>
    private ReadOnlyMemory<byte> Keep(out SpanRoom room)
    {
        if (_output.Length > SpanRoom.MaxShare)
        {
            var own = _output;
            if (own.Length >= own.Capacity / 2)
            {
                _output = new PooledBytes();
            }
            else
            {
                own = new PooledBytes(_output.Length);
                own.Append(_output.Span);
            }

            room = new SpanRoom(own);
            return own.Memory;
        }

        if (!_shared.TryAdd(_output.Span, out var spans))
        {
            _shared.Release();
            _shared = SpanRoom.ForMany();
            _shared.TryAdd(_output.Span, out spans);
        }

        room = _shared;
        return spans;
    }

    /// <summary>A trace has one root: the caller's where that is exported to the same MLflow, else that of the first request that we know of it.</summary>
    /// <returns>Is this the part of the trace that tells of it as a whole?</returns>
    private bool Place(CompletedTrace trace, Known known)
    {
        if (trace.Root is not { } root)
        {
            trace.OuterSpan = known.Root;
            return false;
        }

        if (options.CallersExportToMlflow && trace.CallersSpan != default)
        {
            trace.OuterSpan = trace.CallersSpan;
            return false;
        }

        if (known.Root != default && known.Root != root.SpanId)
        {
            trace.OuterSpan = known.Root;
            return false;
        }

        known.Root = root.SpanId;
        return true;
    }

    private Known Remember(ActivityTraceId traceId)
    {
        if (!_known.TryGetValue(traceId, out var known))
        {
            if (_oldest.Count == MaxRemembered)
            {
                _known.Remove(_oldest.Dequeue());
            }

            _known.Add(traceId, known = new Known());
            _oldest.Enqueue(traceId);
        }

        return known;
    }

    private sealed class Known
    {
        public ActivitySpanId Root { get; set; }

        public StartTraceInfo? Info { get; set; }

        public bool TellsMore { get; set; }

        public TraceSums Sums { get; } = new();
    }
}
