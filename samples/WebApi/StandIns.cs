using LlamaStack.Testing;

namespace WebApi;

/// <summary>The servers that are not at hand: whichever is not named in the settings runs in this process.</summary>
internal sealed class StandIns : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _servers = [];
    private readonly List<string> _missing = [];

    public static async Task<StandIns> StartMissingAsync(ConfigurationManager configuration)
    {
        var standIns = new StandIns();
        if (IsMissing(configuration, "LlamaStack:Endpoint", "LLAMA_STACK_CLIENT_BASE_URL"))
        {
            var server = await LlamaStackTestServer.StartAsync();
            standIns.Use(server, configuration, "LlamaStack:Endpoint", server.Endpoint, "no LlamaStack server is set (LlamaStack__Endpoint or LLAMA_STACK_CLIENT_BASE_URL)");
        }

        var isOtlp = string.Equals(configuration["LlamaStack:Tracing:Mode"], "Otlp", StringComparison.OrdinalIgnoreCase);
        if (isOtlp && IsMissing(configuration, "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
        {
            var server = await OtlpTestServer.StartAsync();
            standIns.Use(server, configuration, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint, "no Collector is set (OTEL_EXPORTER_OTLP_ENDPOINT)");
            configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        }

        if (!isOtlp && IsMissing(configuration, "LlamaStack:Tracing:TrackingUri", "MLFLOW_TRACKING_URI"))
        {
            var server = await MlflowTestServer.StartAsync();
            standIns.Use(server, configuration, "LlamaStack:Tracing:TrackingUri", server.Endpoint, "no MLflow is set (MLFLOW_TRACKING_URI)");
        }

        return standIns;
    }

    /// <summary>Says what is not real, and what to set to make it so.</summary>
    public void Introduce(ILogger logger)
    {
        if (_missing.Count > 0 && logger.IsEnabled(LogLevel.Information))
        {
            logger.StandInsAreUsed(string.Join(" and ", _missing));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private static bool IsMissing(ConfigurationManager configuration, params string[] settings) => settings.All(setting => string.IsNullOrWhiteSpace(configuration[setting]));

    private void Use(IAsyncDisposable server, ConfigurationManager configuration, string setting, Uri address, string missing)
    {
        _servers.Add(server);
        _missing.Add($"{missing}: a stand-in answers at {address}");
        configuration[setting] = address.AbsoluteUri;
    }
}
