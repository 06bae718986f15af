using LlamaStack.Mlflow;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests;

/// <summary>A real Collector with the configuration of <c>samples/collector</c>, in front of two experiments of its own.</summary>
internal sealed class ShippedCollector : IAsyncDisposable
{
    private readonly string[] _arguments;
    private readonly Dictionary<string, string> _environment;
    private PeerProcess _process;

    private ShippedCollector(PeerProcess process, Dictionary<string, string> environment, string[] arguments, string experiment, string evalExperiment)
    {
        (_process, _environment, _arguments) = (process, environment, arguments);
        (ExperimentId, EvalExperimentId) = (experiment, evalExperiment);
    }

    public static string Configuration { get; } = Path.GetFullPath(Path.Combine(Fixtures.Root, "..", "..", "samples", "collector", "collector.yaml"));

    /// <summary>Gets where it takes OTLP over HTTP.</summary>
    public Uri Address => _process.Address;

    public Uri Grpc => new(_process.Info["grpc"]);

    /// <summary>Gets its own metrics, of its queues among others.</summary>
    public Uri Metrics => new(_process.Info["metrics"]);

    /// <summary>Gets the metrics that were sent to it.</summary>
    public Uri Prometheus => new(_process.Info["prometheus"]);

    public string ExperimentId { get; }

    public string EvalExperimentId { get; }

    public static async Task<ShippedCollector> StartAsync(Uri mlflow, Uri second, CancellationToken cancellationToken)
    {
        if (PeerProcess.Folder is null)
        {
            Assert.False(Peers.AreRequired, "no real Collector: put the peers folder at ../shared/peers");
            Assert.Skip("no real Collector: put the peers folder at ../shared/peers");
        }

        using var http = new HttpClient { BaseAddress = mlflow };
        var client = new MlflowClient(http);
        var name = $"collector-{Guid.NewGuid():N}";
        var experiment = (await client.GetOrCreateExperimentAsync(name, cancellationToken)).Id;
        var eval = (await client.GetOrCreateExperimentAsync($"{name}-eval", cancellationToken)).Id;
        Dictionary<string, string> environment = new() { ["SECOND_ENDPOINT"] = second.AbsoluteUri.TrimEnd('/'), ["MLFLOW_EVAL_EXPERIMENT_ID"] = eval };
        string[] arguments =
        [
            "--config", Configuration, "--mlflow", mlflow.AbsoluteUri.TrimEnd('/'), "--experiment", experiment,
            "--data", Directory.CreateTempSubdirectory("collector-").FullName, "--exit-with", $"{Environment.ProcessId}",
        ];
        var process = await PeerProcess.StartAsync("start-otelcol", environment, [.. arguments, "--http-port", "0", "--grpc-port", "0"]);
        return new ShippedCollector(process, environment, arguments, experiment, eval);
    }

    /// <summary>SIGKILL.</summary>
    public Task CrashAsync() => _process.CrashAsync();

    /// <summary>The same one again: same ports, same queue.</summary>
    public async Task RestartAsync()
    {
        var (http, grpc) = (Address.Port, Grpc.Port);
        await _process.DisposeAsync();
        _process = await PeerProcess.StartAsync("start-otelcol", _environment, [.. _arguments, "--http-port", $"{http}", "--grpc-port", $"{grpc}"]);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_arguments[Array.IndexOf(_arguments, "--data") + 1], recursive: true);
    }
}
