namespace LlamaStack.Mlflow;

/// <summary>The mark that tracing is registered: what the calls that did so asked for.</summary>
internal sealed class TracingCalls(TracingMode mode)
{
    /// <summary>Gets the mode of the first call, which is the default.</summary>
    public TracingMode Mode { get; } = mode;

    public bool AreOfBothModes { get; set; }
}
