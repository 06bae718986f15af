using LlamaStack.IntegrationTests;
using LlamaStack.TestSupport;

[assembly: AssemblyFixture(typeof(PeersFixture))]

namespace LlamaStack.IntegrationTests;

/// <summary>The real servers, started when a test first asks for one, once for the whole run.</summary>
public sealed class PeersFixture : IAsyncLifetime
{
    private readonly Peers _peers = new();

    /// <summary>A real MLflow, or the test is skipped and says why.</summary>
    public async Task<Peer> MlflowAsync() => Required(await _peers.MlflowAsync(), "MLFLOW_TEST_URI");

    /// <summary>A real MLflow 3.7, or the test is skipped and says why.</summary>
    public async Task<Peer> OldestMlflowAsync() => Required(await _peers.OldestMlflowAsync(), "MLFLOW_37_TEST_URI");

    /// <summary>A real OGX, or the test is skipped and says why.</summary>
    public async Task<Peer> OgxAsync() => Required(await _peers.OgxAsync(), "OGX_TEST_URI");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _peers.DisposeAsync();

    private static Peer Required(Peer? peer, string variable)
    {
        if (peer is null)
        {
            Assert.False(Peers.AreRequired, Peers.Missing(variable));
            Assert.Skip(Peers.Missing(variable));
        }

        return peer;
    }
}
