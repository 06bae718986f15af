using LlamaStack.Testing;
using Microsoft.Extensions.Configuration;

namespace SemanticKernel;

/// <summary>The servers that are not at hand: whichever is not named in the environment runs in this process.</summary>
internal sealed class StandIns : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _servers = [];
    private readonly List<string> _missing = [];

    /// <summary>Gets a value indicating whether the traces go to a stand-in, which has no pages to look at.</summary>
    public bool ForTraces { get; private set; }

    public static async Task<StandIns> StartMissingAsync(ConfigurationManager configuration)
    {
        var standIns = new StandIns();
        if (IsMissing(configuration, "LlamaStack:Endpoint", "LLAMA_STACK_CLIENT_BASE_URL"))
        {
            var server = await LlamaStackTestServer.StartAsync();
            configuration["LlamaStack:Endpoint"] = server.Endpoint.AbsoluteUri;
            standIns.Use(server, "LlamaStack (LlamaStack__Endpoint or LLAMA_STACK_CLIENT_BASE_URL)");
        }

        var isOtlp = string.Equals(configuration["LlamaStack:Tracing:Mode"], "Otlp", StringComparison.OrdinalIgnoreCase);
        if (isOtlp && IsMissing(configuration, "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
        {
            var server = await OtlpTestServer.StartAsync();

            // OpenTelemetry's exporter reads the environment and nothing else.
            Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint.AbsoluteUri);
            Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
            standIns.Use(server, "Collector (OTEL_EXPORTER_OTLP_ENDPOINT)", forTraces: true);
        }

        if (!isOtlp && IsMissing(configuration, "LlamaStack:Tracing:TrackingUri", "MLFLOW_TRACKING_URI"))
        {
            var server = await MlflowTestServer.StartAsync();
            configuration["LlamaStack:Tracing:TrackingUri"] = server.Endpoint.AbsoluteUri;
            standIns.Use(server, "MLflow (MLFLOW_TRACKING_URI)", forTraces: true);
        }

        return standIns;
    }

    /// <summary>Says what is not real, and what to set to make it so.</summary>
    public void Introduce()
    {
        if (_missing.Count > 0)
        {
            var missing = string.Join(" and no ", _missing);
            Console.WriteLine($"This is a demonstration: there is no {missing}, so stand-ins run in this process. Set what is in brackets to use real servers.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private static bool IsMissing(ConfigurationManager configuration, params string[] settings) =>
        settings.All(setting => string.IsNullOrWhiteSpace(configuration[setting]));

    private void Use(IAsyncDisposable server, string missing, bool forTraces = false)
    {
        _servers.Add(server);
        _missing.Add(missing);
        ForTraces |= forTraces;
    }
}
