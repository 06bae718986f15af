global using static LlamaStack.SemanticKernel.Tests.Test;

namespace LlamaStack.SemanticKernel.Tests;

internal static class Test
{
    /// <summary>Ends with the test run.</summary>
    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Waits for a signal, under the one long timeout of all tests.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(30), Ct);

    public static async Task<string> TextAsync<T>(this IAsyncEnumerable<T> items)
    {
        var text = "";
        await foreach (var item in items.WithCancellation(Ct))
        {
            text += item;
        }

        return text;
    }
}
