using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>What a span carries beside its attributes: its type, and inputs and outputs as UTF-8 JSON, for an exporter that writes them as they are.</summary>
/// <remarks>
/// Bytes, not attributes: 100 KB of prompt as a string tag cost 100 µs and 200 KB on the caller's path. The buffers are rented. Who reads them after the span has
/// ended holds the content meanwhile; the last one to let go returns them.
/// </remarks>
/// <param name="type">What the span stands for.</param>
/// <param name="isShared">Does this stand on many spans, of which no content is recorded?</param>
internal sealed class SpanContent(SpanType type, bool isShared = false)
{
    private const string PropertyName = "LlamaStack.Content";

    private int _holders = 1;

    public SpanType Type { get; set; } = type;

    /// <summary>Gets or sets the API that a model call speaks; null on other spans.</summary>
    public GenAIApi? Api { get; init; }

    /// <summary>Gets a value indicating whether the inputs may offer tools.</summary>
    public bool MayOfferTools { get; init; } = true;

    public PooledBytes? Inputs { get; set; }

    public PooledBytes? Outputs { get; set; }

    public static SpanContent? Of(Activity activity) => activity.GetCustomProperty(PropertyName) as SpanContent;

    public void AttachTo(Activity activity) => activity.SetCustomProperty(PropertyName, this);

    /// <summary>Keeps the buffers until <see cref="Release"/>. Only while the span ends: its owner holds them until all have been told of that.</summary>
    public void Hold()
    {
        if (!isShared)
        {
            Interlocked.Increment(ref _holders);
        }
    }

    /// <summary>Lets go of the buffers; with the last one they are given back.</summary>
    public void Release()
    {
        if (!isShared && Interlocked.Decrement(ref _holders) == 0)
        {
            Inputs?.Return();
            Outputs?.Return();
            Inputs = Outputs = null;
        }
    }
}
