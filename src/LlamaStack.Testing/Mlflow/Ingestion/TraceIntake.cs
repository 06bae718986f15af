using System.Diagnostics;

namespace LlamaStack.Testing;

/// <summary>Stores spans and makes them into traces.</summary>
internal sealed class TraceIntake(MlflowStore store, MlflowBehaviour behaviour)
{
    /// <summary>Stores all of it or nothing.</summary>
    /// <exception cref="MlflowError">The experiment, a session, a name or a time is not to the store's liking.</exception>
    /// <exception cref="BadSpanException">A cost or a token count is none.</exception>
    public IReadOnlyList<TraceRow> Log(string experimentId, IReadOnlyList<OtlpTestSpan> spans)
    {
        var batches = Group(spans).Select(group => new SpanBatch(group.Key, [.. group], behaviour)).ToList();
        var missing = batches.Exists(batch => store.FindTrace(batch.TraceId) is null);
        var experiment = missing ? store.GetExperiment(experimentId) : null;
        foreach (var span in spans)
        {
            if (span.StartUnixNano > long.MaxValue || span.EndUnixNano > long.MaxValue)
            {
                throw MlflowError.Internal("Python int too large to convert to SQLite INTEGER");
            }
        }

        if (behaviour.StaysInExperiment
            && batches.Select(batch => store.FindTrace(batch.TraceId)).FirstOrDefault(trace => trace is not null && $"{trace.ExperimentId}" != experimentId) is { } foreign)
        {
            throw MlflowError.Invalid($"Trace with ID '{foreign.TraceId}' already exists in another experiment.");
        }

        return batches.ConvertAll(batch => Store(batch, experiment));
    }

    /// <summary>As old servers do: each trace on its own, so that one that fails leaves the others.</summary>
    public void LogEach(string experimentId, IReadOnlyList<OtlpTestSpan> spans)
    {
        var failures = new List<(string TraceId, Exception Cause)>();
        foreach (var group in Group(spans))
        {
            try
            {
                Log(experimentId, [.. group]);
            }
            catch (Exception cause) when (cause is MlflowError or BadSpanException)
            {
                failures.Add((group.Key, cause));
            }
        }

        if (failures.Count > 0)
        {
            throw behaviour.OtlpStoreErrors
                ? failures[0].Cause
                : new BadTracesException(string.Join("; ", failures.Select(static failure => $"Trace {failure.TraceId}: {failure.Cause.Message}")));
        }
    }

    private IEnumerable<IGrouping<string, OtlpTestSpan>> Group(IReadOnlyList<OtlpTestSpan> spans) => spans.GroupBy(TraceId);

    /// <summary>Old servers believe a client that says otherwise, so that nobody finds the trace.</summary>
    private string TraceId(OtlpTestSpan span) => !behaviour.OwnsRequestId && span.Attributes.GetValueOrDefault(MlflowKeys.RequestId) is { } given
        ? given.ToString()
        : $"tr-{span.TraceId.PadLeft(32, '0')}";

    private TraceRow Store(SpanBatch batch, ExperimentRow? experiment)
    {
        var existing = store.FindTrace(batch.TraceId);
        var trace = existing ?? store.AddTrace(batch.TraceId, experiment!);
        foreach (var span in batch.Spans)
        {
            trace.Put(span);
        }

        SetTimes(trace, batch, created: existing is null);
        SetState(trace, batch);
        SetSums(trace, batch, created: existing is null);
        trace.Name = batch.Name ?? trace.Name;
        trace.SessionId ??= batch.SessionId;
        if (batch.User is { } user)
        {
            trace.Metadata.TryAdd(MlflowKeys.User, user);
        }

        trace.Tags[MlflowKeys.SpansLocation] = MlflowKeys.TrackingStore;
        foreach (var (key, value) in batch.Tags)
        {
            trace.Tags[key] = value;
        }

        return trace;
    }

    /// <summary>
    /// After StartTraceV3 the times stand still, or so it is meant: a late batch that has neither usage nor cost nor a session still moves them,
    /// because the real server looks whether the trace is final only for a batch that has one of these.
    /// </summary>
    private void SetTimes(TraceRow trace, SpanBatch batch, bool created)
    {
        if (created)
        {
            (trace.RequestTime, trace.Duration) = (batch.Start, batch.End - batch.Start);
            return;
        }

        var looksFinal = batch.TokenUsage is not null || batch.Cost is not null || batch.SessionId is not null;
        if (behaviour.Finalizes && trace.Finalized && looksFinal)
        {
            return;
        }

        var end = Math.Max(trace.RequestTime + trace.Duration ?? batch.End, batch.End);
        trace.RequestTime = Math.Min(trace.RequestTime, batch.Start);
        trace.Duration = end - trace.RequestTime;
    }

    private static void SetState(TraceRow trace, SpanBatch batch)
    {
        if (batch.Roots.Count == 0)
        {
            return;
        }

        if (trace.State is TraceRow.InProgress or TraceRow.Unspecified)
        {
            trace.State = batch.Roots[0].Sent.Status == ActivityStatusCode.Error ? "ERROR" : "OK";
        }

        var attributes = batch.Roots[^1].Attributes;
        trace.RequestPreview ??= attributes[MlflowKeys.SpanInputs] is { } inputs ? Preview.Of(inputs, "user") : null;
        trace.ResponsePreview ??= attributes[MlflowKeys.SpanOutputs] is { } outputs ? Preview.Of(outputs, "assistant") : null;
    }

    /// <summary>What StartTraceV3 gave stays; else the sum is taken anew over all spans or, on old servers, added to.</summary>
    private void SetSums(TraceRow trace, SpanBatch batch, bool created)
    {
        var final = behaviour.Finalizes && trace.Finalized;
        if (batch.TokenUsage is { } usage && !(final && trace.TokenUsage.Count > 0))
        {
            var sums = created || !behaviour.CountsOnce ? usage : batch.Sum(trace.Spans, MlflowKeys.ChatUsage, MlflowKeys.UsageNames.Take(3), MlflowKeys.UsageNames.Skip(3))!;
            foreach (var (name, value) in sums.Where(static sum => sum.Value == Math.Floor(sum.Value)))
            {
                trace.TokenUsage[name] = (long)value + (created || behaviour.CountsOnce ? 0 : trace.TokenUsage.GetValueOrDefault(name));
            }
        }

        if (batch.Cost is { } cost && !(final && trace.Cost.Count > 0))
        {
            var sums = created || !behaviour.CountsOnce ? cost : batch.Sum(trace.Spans, MlflowKeys.SpanCost, MlflowKeys.CostNames, [])!;
            foreach (var (name, value) in sums.Where(static sum => double.IsFinite(sum.Value)))
            {
                trace.Cost[name] = value + (created || behaviour.CountsOnce ? 0 : trace.Cost.GetValueOrDefault(name));
            }
        }
    }
}
