namespace LlamaStack.Mlflow;

/// <summary>Where encoded traces wait to be sent. Called by one who adds and by those who send, at the same time.</summary>
internal interface ITraceStore : IDisposable
{
    /// <summary>Gets how many wait, without those taken.</summary>
    int Count { get; }

    /// <summary>Gets how many bytes wait, without those taken.</summary>
    long Bytes { get; }

    /// <summary>Gets how many bytes of them are in memory.</summary>
    long MemoryBytes { get; }

    /// <summary>Gets how many of them are in memory.</summary>
    int MemoryCount { get; }

    /// <summary>Gets a value indicating whether what could not be delivered is kept, beyond this process too.</summary>
    bool IsLasting { get; }

    /// <summary>Gets a value indicating whether something waits from before, which waits for no full batch.</summary>
    bool HasBacklog { get; }

    /// <summary>Takes a trace in.</summary>
    /// <returns>Why it could not; null where it could.</returns>
    string? Add(EncodedTrace trace);

    /// <summary>The next ones, as many as make a request. None of a trace of which another part is on its way.</summary>
    List<EncodedTrace> Take(int maxTraces);

    /// <summary>These, taken before, are settled.</summary>
    void Done(IReadOnlyCollection<EncodedTrace> traces);

    /// <summary>These, taken before, could not be delivered: they are the next again.</summary>
    void PutBack(IReadOnlyList<EncodedTrace> traces);
}
