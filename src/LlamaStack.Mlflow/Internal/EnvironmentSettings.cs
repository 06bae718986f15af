using System.Globalization;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace LlamaStack.Mlflow;

/// <summary>Fills the options from the environment variables that MLflow's and OpenTelemetry's users have set already, then from the configuration section.</summary>
internal sealed class EnvironmentSettings(IServiceProvider services) : IConfigureOptions<MlflowTracingOptions>
{
    private readonly IConfiguration? _configuration = services.GetService(typeof(IConfiguration)) as IConfiguration;

    public void Configure(MlflowTracingOptions options) => Apply(options, _configuration);

    public static void Apply(MlflowTracingOptions options, IConfiguration? configuration)
    {
        string? Read(string name) => configuration.ReadVariable(name);
        if (Read("MLFLOW_TRACKING_URI") is { } address)
        {
            options.TrackingUri = Uri.TryCreate(address, UriKind.RelativeOrAbsolute, out var uri) ? uri : null;
        }

        options.ExperimentName = Read("MLFLOW_EXPERIMENT_NAME") ?? options.ExperimentName;
        options.ExperimentId = Read("MLFLOW_EXPERIMENT_ID") ?? options.ExperimentId;
        options.RunId = Read("MLFLOW_RUN_ID") ?? options.RunId;
        options.Username = Read("MLFLOW_TRACKING_USERNAME") ?? options.Username;
        options.Password = Read("MLFLOW_TRACKING_PASSWORD") ?? options.Password;
        options.Token = Read("MLFLOW_TRACKING_TOKEN") ?? options.Token;
        options.Workspace = Read("MLFLOW_WORKSPACE") ?? options.Workspace;
        options.InsecureTls = IsTrue(Read("MLFLOW_TRACKING_INSECURE_TLS")) ?? options.InsecureTls;
        options.CertificateAuthorityFile = Read("MLFLOW_TRACKING_SERVER_CERT_PATH") ?? options.CertificateAuthorityFile;
        options.ClientCertificateFile = Read("MLFLOW_TRACKING_CLIENT_CERT_PATH") ?? options.ClientCertificateFile;
        options.SamplingRatio = Read("MLFLOW_TRACE_SAMPLING_RATIO") is { } ratio
            ? double.TryParse(ratio, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN
            : options.SamplingRatio;
        options.Enabled = IsTrue(Read("MLFLOW_ENABLE_TRACING")) ?? options.Enabled;
        options.ContentCapture = Read("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT")?.ToUpperInvariant() switch
        {
            "TRUE" or "SPAN_ONLY" or "SPAN_AND_EVENT" => ContentCapture.Full,
            "FALSE" or "NO_CONTENT" or "EVENT_ONLY" => ContentCapture.None,
            _ => options.ContentCapture,
        };
        configuration?.GetSection(MlflowTracingOptions.SectionName).Bind(options);
    }

    private static bool? IsTrue(string? value) => value?.ToUpperInvariant() switch
    {
        null => null,
        "TRUE" or "1" => true,
        _ => false,
    };
}
