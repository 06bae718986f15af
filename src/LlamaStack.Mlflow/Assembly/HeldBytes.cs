namespace LlamaStack.Mlflow;

/// <summary>How much memory ended spans take while they wait for their traces' ends.</summary>
/// <param name="max">The most that they may take, in bytes.</param>
internal sealed class HeldBytes(long max)
{
    private long _bytes;

    /// <summary>Gets a value indicating whether no more may be held.</summary>
    public bool IsFull => Interlocked.Read(ref _bytes) >= max;

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
