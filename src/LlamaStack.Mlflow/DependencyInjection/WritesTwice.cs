using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LlamaStack.Mlflow;

/// <summary>Says at start what would write each trace twice, or what asks for that and does not get it.</summary>
internal static class WritesTwice
{
    private const string DualExport = "MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT";

    private static readonly string[] _endpoints = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

    public static void Say(ILogger logger, MlflowTracingOptions options, TracingCalls calls, IConfiguration? configuration)
    {
        if (calls.AreOfBothModes)
        {
            logger.BothModes(options.Mode);
        }

        if (configuration.ReadVariable(DualExport)?.ToUpperInvariant() is "TRUE" or "1")
        {
            logger.DualExport(DualExport, options.Mode);
        }
        else if (options is { Mode: TracingMode.Mlflow, IsActive: true } && _endpoints.FirstOrDefault(name => configuration.ReadVariable(name) is not null) is { } endpoint)
        {
            logger.MayBeWrittenTwice(endpoint);
        }
    }
}
