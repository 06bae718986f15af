using OpenTelemetry;

namespace LlamaStack.Mlflow;

/// <summary>Which service traces come from. Each attribute becomes a tag of every trace in MLflow, so only what says that, and nothing that changes with each start.</summary>
internal sealed class TraceResource(Func<BaseProvider?> provider, string? applicationName)
{
    private static readonly string[] _kept = ["service.name", "service.version", "deployment.environment.name", "deployment.environment"];

    /// <summary>Gets the attributes; known once the provider is built, which is before the first span.</summary>
    public IReadOnlyList<KeyValuePair<string, object>> Attributes => field ??= Read();

    private List<KeyValuePair<string, object>> Read()
    {
        List<KeyValuePair<string, object>> attributes = [];
        foreach (var (key, value) in provider()?.GetResource().Attributes ?? [])
        {
            if (Array.IndexOf(_kept, key) < 0)
            {
                continue;
            }

            // Where nobody has named the service, OpenTelemetry says "unknown_service:dotnet".
            var isUnnamed = key == "service.name" && value is string name && name.StartsWith("unknown_service", StringComparison.Ordinal);
            if (!isUnnamed)
            {
                attributes.Add(new(key, value));
            }
            else if (applicationName is { Length: > 0 })
            {
                attributes.Add(new(key, applicationName));
            }
        }

        return attributes;
    }
}
