namespace LlamaStack.Mlflow;

/// <summary>The names of the health checks.</summary>
internal static class HealthChecks
{
    public const string LlamaStack = "llamastack";
    public const string Mlflow = "mlflow";
}
