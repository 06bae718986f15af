namespace LlamaStack.IntegrationTests.Drills;

/// <summary>What a running drill says, and waits for.</summary>
internal static class DrillRun
{
    internal static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    /// <summary>Looks, now and then, until something is so; for ten minutes at most.</summary>
    internal static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromMinutes(10));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (!await condition())
        {
            await tick.WaitForNextTickAsync(limit.Token);
        }
    }
}
