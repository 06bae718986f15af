using System.Diagnostics;
using System.Reflection;

namespace LlamaStack.Instrumentation;

/// <summary>The names under which this library's spans and metrics can be subscribed to.</summary>
public static class LlamaStackDiagnostics
{
    /// <summary>The <see cref="ActivitySource"/> of model calls and of the spans that <see cref="LlamaStackTrace"/> starts.</summary>
    public const string SourceName = "LlamaStack.Instrumentation";

    /// <summary>The <see cref="System.Diagnostics.Metrics.Meter"/> of the GenAI client metrics.</summary>
    public const string MeterName = "LlamaStack.Instrumentation";

    internal static string Version { get; } =
        typeof(LlamaStackDiagnostics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    internal static ActivitySource Source { get; } = new(SourceName, Version);
}
