namespace LlamaStack.Testing.Tests;

/// <summary>A clock whose timers go off when the test says so.</summary>
internal sealed class SteppedTime : TimeProvider
{
    private readonly TaskCompletionSource<TimeSpan> _timer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action? _callback;

    public Task<TimeSpan> NextTimerAsync(CancellationToken cancellationToken) => _timer.Task.WaitAsync(cancellationToken);

    public void Fire() => _callback?.Invoke();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _callback = () => callback(state);
        _timer.TrySetResult(dueTime);
        return new StoppedTimer();
    }

    private sealed class StoppedTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
