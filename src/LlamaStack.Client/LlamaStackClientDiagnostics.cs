using System.Diagnostics;
using System.Reflection;

namespace LlamaStack.Client;

/// <summary>The names under which this package shows up in telemetry.</summary>
public static class LlamaStackClientDiagnostics
{
    /// <summary>The name of <see cref="ActivitySource"/>, for <c>AddSource</c> of a tracing set-up.</summary>
    public const string SourceName = "LlamaStack.Client";

    /// <summary>Gets the source that the chat clients of this package hand to layers above them.</summary>
    /// <value>The package itself starts no activity on it; <c>UseFunctionInvocation()</c> of Microsoft.Extensions.AI takes its spans
    /// (<c>execute_tool</c>) from here, so they exist as soon as someone listens to <see cref="SourceName"/>.</value>
    public static ActivitySource ActivitySource { get; } = new(SourceName, Version);

    internal static string Version => field ??= typeof(LlamaStackClientDiagnostics).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";
}
