namespace LlamaStack.IntegrationTests;

/// <summary>Traces that come to MLflow in several requests, when the Collector likes.</summary>
internal static class CollectorTraces
{
    /// <summary>Waits until MLflow has a finished trace of so many spans; what the sender holds back can be had sent before each look.</summary>
    public static async Task<StoredTrace> WholeAsync(HttpClient mlflow, string traceId, int spans, CancellationToken cancellationToken, Action? flush = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            flush?.Invoke();
            if (await StoredTrace.ReadAsync(mlflow, traceId, limit.Token) is { State: not "IN_PROGRESS" } trace && trace.Spans.Count >= spans)
            {
                Assert.Equal(spans, trace.Spans.Count);
                return trace;
            }

            await tick.WaitForNextTickAsync(limit.Token);
        }
    }
}
