namespace LlamaStack.Instrumentation;

/// <summary>What spans started by hand go by: their static face knows no host, so the one whose tracing was built last decides.</summary>
internal static class ManualDefaults
{
    /// <summary>Gets or sets whether a caller's "not sampled" silences them.</summary>
    public static bool HonorIncomingSampling { get; set; } = true;

    /// <summary>Gets or sets what becomes of their inputs, outputs and errors.</summary>
    public static ContentPolicy Content { get; set; } = ContentPolicy.Full;
}
