namespace LlamaStack.Testing;

/// <summary>A beat at each change, so that a waiter looks again then and not by the clock.</summary>
internal sealed class Pulse
{
    private TaskCompletionSource _next = NewBeat();

    public void Beat() => Interlocked.Exchange(ref _next, NewBeat()).TrySetResult();

    public async Task<T> UntilAsync<T>(Func<T?> look, CancellationToken cancellationToken)
        where T : class
    {
        while (true)
        {
            // Taken before the look, so that a change during it is not missed.
            var next = Volatile.Read(ref _next).Task;
            if (look() is { } found)
            {
                return found;
            }

            await next.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource NewBeat() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
