namespace LlamaStack.Mlflow;

/// <summary>Asks a server how it is. It throws nothing but cancellation, and leaves nothing behind on the server.</summary>
internal interface IProbe
{
    /// <summary>Gets the name of the health check that it feeds.</summary>
    string Name { get; }

    Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken);
}
