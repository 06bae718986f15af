using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Mlflow;

/// <summary>
/// The environment while one of OpenTelemetry's exporters is made. Its constructor reads these variables there and nowhere else, while its own registration, which is not
/// ours to call, takes them from configuration as well.
/// </summary>
internal static class OtlpEnvironment
{
    private const string Retry = "OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY";
    private const string RetryDirectory = "OTEL_DOTNET_EXPERIMENTAL_OTLP_DISK_RETRY_DIRECTORY_PATH";

    private static readonly string[] _variables =
    [
        Retry, RetryDirectory,
        "OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_KEY",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    ];

    private static readonly Lock _oneAtATime = new();

    /// <exception cref="InvalidOperationException">A value is none that the exporter takes; the message names what is set.</exception>
    /// <param name="provider">Where configuration is found.</param>
    /// <param name="make">What makes the exporter, or its options.</param>
    /// <param name="retryDirectory">Where requests wait that did not arrive, whatever the variables say; null to go by them.</param>
    public static T Make<T>(IServiceProvider provider, Func<T> make, string? retryDirectory = null)
    {
        var configuration = provider.GetService<IConfiguration>();
        var wanted = _variables.Select(name => (Name: name, Value: configuration.ReadVariable(name))).Where(static variable => variable.Value is not null).ToDictionary();
        if (retryDirectory is not null)
        {
            (wanted[Retry], wanted[RetryDirectory]) = ("disk", retryDirectory);
        }

        lock (_oneAtATime)
        {
            var before = wanted.Keys.ToDictionary(static name => name, Environment.GetEnvironmentVariable);
            try
            {
                Set(wanted!);
                return make();
            }
            catch (Exception e) when (e is not InvalidOperationException)
            {
                throw new InvalidOperationException($"OpenTelemetry's OTLP exporter does not take what {string.Join(", ", wanted.Keys)} say: {e.Message}", e);
            }
            finally
            {
                Set(before);
            }
        }
    }

    private static void Set(Dictionary<string, string?> variables)
    {
        foreach (var (name, value) in variables)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }
}
