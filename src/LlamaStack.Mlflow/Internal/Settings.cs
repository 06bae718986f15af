using Microsoft.Extensions.Configuration;

namespace LlamaStack.Mlflow;

/// <summary>Environment variables that people have set already, or have written into configuration under the same name, which goes first.</summary>
internal static class Settings
{
    /// <summary>The value without blanks around it; null where there is none.</summary>
    public static string? ReadVariable(this IConfiguration? configuration, string name) =>
        (configuration?[name] ?? Environment.GetEnvironmentVariable(name))?.Trim() is { Length: > 0 } value ? value : null;
}
