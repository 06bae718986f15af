using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace LlamaStack.SemanticKernel;

internal static class AsyncEnumerableExtensions
{
    /// <summary>
    /// Reads a stream with an activity as the current one. An async iterator finds its reader's activity at each step, not the one that was current before its
    /// last <c>yield</c>; the reader keeps its own throughout.
    /// </summary>
    /// <param name="source">The stream.</param>
    /// <param name="activity">What is current while an item is made; null leaves the reader's.</param>
    /// <param name="failed">Told of the exception that ends the stream.</param>
    /// <param name="cancellationToken">Given to the stream.</param>
    public static async IAsyncEnumerable<T> ReadBelow<T>(
        this IAsyncEnumerable<T> source, Activity? activity, Action<Exception> failed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var items = source.GetAsyncEnumerator(cancellationToken);
        try
        {
            while (await MoveNextAsync(items, activity, failed).ConfigureAwait(false))
            {
                yield return items.Current;
            }
        }
        finally
        {
            SetCurrent(activity);
            await items.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async ValueTask<bool> MoveNextAsync<T>(IAsyncEnumerator<T> items, Activity? activity, Action<Exception> failed)
    {
        SetCurrent(activity);
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            failed(e);
            throw;
        }
    }

    private static void SetCurrent(Activity? activity)
    {
        if (activity is { IsStopped: false })
        {
            Activity.Current = activity;
        }
    }
}
