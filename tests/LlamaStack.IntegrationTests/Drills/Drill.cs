namespace LlamaStack.IntegrationTests.Drills;

/// <summary>Drills take minutes and start servers of their own: they run where <c>LLAMASTACK_DRILLS=true</c> asks for them.</summary>
public static class Drill
{
    public const string NotAsked = "a drill: set LLAMASTACK_DRILLS=true";

    public static bool IsAsked => Environment.GetEnvironmentVariable("LLAMASTACK_DRILLS") == "true";

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
