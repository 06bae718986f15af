using Microsoft.Extensions.Time.Testing;

namespace LlamaStack.Mlflow.Tests;

/// <summary>The one long time limit of all waits: a test that reaches it has failed.</summary>
internal static class Limit
{
    public static CancellationToken Token
    {
        get
        {
            var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(30));
            return limit.Token;
        }
    }

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Token);

    public static Task Soon(this Task task) => task.WaitAsync(Token);

    /// <summary>Lets a clock of the test's own run, in steps, until something has happened.</summary>
    public static async Task<T> WhileRunning<T>(this Task<T> task, FakeTimeProvider time, TimeSpan step)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        var token = Token;
        while (!task.IsCompleted)
        {
            time.Advance(step);
            await tick.WaitForNextTickAsync(token);
        }

        return await task;
    }

    /// <summary>Looks until something is so, for what gives no signal of its own.</summary>
    public static async Task Until(Func<bool> condition)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        var token = Token;
        while (!condition())
        {
            await tick.WaitForNextTickAsync(token);
        }
    }
}
