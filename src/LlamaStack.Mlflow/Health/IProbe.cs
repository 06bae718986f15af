namespace LlamaStack.Mlflow;

/// <summary>Asks a server how it is. It throws little but cancellation, and leaves nothing behind on the server.</summary>
internal interface IProbe
{
    /// <summary>Gets the name of the health check that it feeds.</summary>
    string Name { get; }

    /// <summary>Gets who is asked, for a sentence that begins with it.</summary>
    string Subject { get; }

    Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken);
}
