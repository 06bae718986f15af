global using Xunit;
global using static LlamaStack.Client.Tests.Test;

namespace LlamaStack.Client.Tests;

internal static class Test
{
    /// <summary>Ends with the test run.</summary>
    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Waits for a signal, under the one long timeout of all tests.</summary>
    public static Task Soon(this Task task) => task.WaitAsync(TimeSpan.FromSeconds(30), Ct);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(30), Ct);

    public static async Task<List<T>> ToListAsync<T>(this IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items.WithCancellation(Ct))
        {
            list.Add(item);
        }

        return list;
    }
}
