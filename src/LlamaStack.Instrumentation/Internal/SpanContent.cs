using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>What a span carries beside its attributes: its type, and inputs and outputs as UTF-8 JSON, for an exporter that writes them as they are.</summary>
/// <remarks>
/// Bytes, not attributes: 100 KB of prompt as a string tag cost 100 µs and 200 KB on the caller's path. The buffers of a model call are rented;
/// whoever exports the span last returns them.
/// </remarks>
internal sealed class SpanContent(SpanType type)
{
    private const string PropertyName = "LlamaStack.Content";

    public SpanType Type { get; set; } = type;

    /// <summary>Gets or sets the API that a model call speaks; null on other spans.</summary>
    public GenAIApi? Api { get; init; }

    public PooledBytes? Inputs { get; set; }

    public PooledBytes? Outputs { get; set; }

    public static SpanContent? Of(Activity activity) => activity.GetCustomProperty(PropertyName) as SpanContent;

    public void AttachTo(Activity activity) => activity.SetCustomProperty(PropertyName, this);

    /// <summary>Gives the buffers back, once nobody reads them any more.</summary>
    public void Return()
    {
        Inputs?.Return();
        Outputs?.Return();
        Inputs = Outputs = null;
    }
}
