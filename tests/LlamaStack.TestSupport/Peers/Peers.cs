using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LlamaStack.TestSupport;

/// <summary>The real servers: those that the environment names, else those that the peers beside the checkout start, once for all tests.</summary>
public sealed class Peers : IAsyncDisposable
{
    private readonly Lazy<Task<Peer?>> _mlflow = new(() => FindAsync("MLFLOW_TEST_URI", () => PeerProcess.StartAsync("start-mlflow", "--port", "0", "--exit-with", OwnId)));
    private readonly Lazy<Task<Peer?>> _oldestMlflow = new(() => FindAsync("MLFLOW_37_TEST_URI", () => PeerProcess.StartAsync("start-mlflow", "--version", "3.7", "--port", "0", "--exit-with", OwnId)));
    private readonly Lazy<Task<Peer?>> _ogx = new(() => FindAsync("OGX_TEST_URI", () => PeerProcess.StartAsync("ogx/start-ogx", "--port", FreePort(), "--stub-port", FreePort())));

    /// <summary>Gets a value indicating whether a missing server is a failure and no reason to skip: where the peers are there, nobody skips unseen.</summary>
    public static bool AreRequired { get; } = Environment.GetEnvironmentVariable("LLAMASTACK_TESTS_REQUIRE_PEERS") == "true";

    private static string OwnId => Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <summary>A real MLflow.</summary>
    public Task<Peer?> MlflowAsync() => _mlflow.Value;

    /// <summary>A real MLflow 3.7, the oldest that is supported.</summary>
    public Task<Peer?> OldestMlflowAsync() => _oldestMlflow.Value;

    /// <summary>A real OGX with its stub of a model provider.</summary>
    public Task<Peer?> OgxAsync() => _ogx.Value;

    /// <summary>Why a test of a real server is skipped.</summary>
    public static string Missing(string variable) => $"no real server: set {variable}, or put the peers folder at ../shared/peers";

    public async ValueTask DisposeAsync()
    {
        foreach (var peer in new[] { _mlflow, _oldestMlflow, _ogx }.Where(lazy => lazy is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }))
        {
            await ((await peer.Value)?.Process?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    private static async Task<Peer?> FindAsync(string variable, Func<Task<PeerProcess>> start)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } address)
        {
            return new Peer(new Uri(address), null);
        }

        return PeerProcess.Folder is null ? null : new Peer(await start());
    }

    /// <summary>A port that nobody listens on.</summary>
    public static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
