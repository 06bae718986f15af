namespace LlamaStack.TestSupport;

/// <summary>A real server that a test talks to.</summary>
public sealed record Peer(Uri Address, PeerProcess? Process)
{
    public Peer(PeerProcess process)
        : this(process.Address, process)
    {
    }

    /// <summary>Gets MLflow's database, where the server was started here.</summary>
    public string? Database => Process?.Info.GetValueOrDefault("data") is { } data ? Path.Combine(data, "mlflow.db") : null;
}
