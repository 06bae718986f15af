namespace LlamaStack.Instrumentation;

/// <summary>Puts an answer together again out of the events it was streamed in.</summary>
internal abstract class StreamAssembler(bool keepContent)
{
    public ResponseFacts Facts { get; } = new();

    /// <summary>Gets a value indicating whether any event came.</summary>
    public bool HasEvents { get; private set; }

    /// <summary>Gets or sets a value indicating whether the model's answer is whole: nothing that follows belongs to it.</summary>
    public bool IsWhole { get; protected set; }

    /// <summary>Gets a value indicating whether the model has said why it stopped: what follows is about the answer, not of it.</summary>
    public virtual bool HasFinished => IsWhole;

    /// <summary>Gets the items of a response that is made of such.</summary>
    public virtual IReadOnlyList<StreamedItem> Items => [];

    protected bool KeepContent => keepContent;

    public void OnEvent(ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            IsWhole |= HasEvents;
            return;
        }

        HasEvents = true;
        Read(data);
    }

    /// <summary>The answer so far, as the API gives it when it is not streamed; null where there is nothing to tell.</summary>
    public abstract PooledBytes? Output();

    /// <summary>Gives all buffers back.</summary>
    public abstract void Return();

    protected abstract void Read(ReadOnlySpan<byte> data);

    public static StreamAssembler For(GenAIApi api, bool keepContent) =>
        api.HasItems() ? new ResponsesStream(api, keepContent) : new ChatStream(api, keepContent);
}
