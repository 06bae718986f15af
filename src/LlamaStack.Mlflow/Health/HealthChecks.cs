namespace LlamaStack.Mlflow;

/// <summary>The names and tags of the health checks.</summary>
internal static class HealthChecks
{
    public const string LlamaStack = "llamastack";
    public const string Mlflow = "mlflow";

    /// <summary>The tags of all of them: <c>ready</c>, as Kubernetes asks, since none says that the process should be restarted.</summary>
    public static readonly string[] Tags = ["ready", LlamaStack];

    /// <summary>The check of a LlamaStack server: <c>llamastack</c>, or <c>llamastack-name</c> for a named one.</summary>
    public static string OfServer(string name) => name.Length == 0 ? LlamaStack : $"{LlamaStack}-{name}";
}
