using System.Globalization;
using System.Text.Json.Serialization;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>What a trace is linked to in MLflow, beyond its own rows: only REST can tell it.</summary>
internal sealed record TraceLinks(
    [property: JsonPropertyName("run_id")] string? RunId,
    [property: JsonPropertyName("prompt_versions")] IReadOnlyList<LinkedPrompt>? Prompts)
{
    /// <summary>The links of a trace; null where it has none.</summary>
    public static TraceLinks? Of(TraceDetails? details, MlflowTracingOptions options)
    {
        var run = RunOf(details, options);
        var prompts = PromptsOf(details);
        return run is null && prompts.Count == 0 ? null : new TraceLinks(run, prompts);
    }

    /// <summary>The run that a trace belongs to.</summary>
    public static string? RunOf(TraceDetails? details, MlflowTracingOptions options) => (details?.RunId ?? options.RunId) is { Length: > 0 } run ? run : null;

    /// <summary>The prompts that a trace uses.</summary>
    public static IReadOnlyList<LinkedPrompt> PromptsOf(TraceDetails? details) => details is { Prompts: { Length: > 0 } prompts }
        ? [.. prompts.Select(static prompt => new LinkedPrompt(prompt.Name, prompt.Version.ToString(CultureInfo.InvariantCulture)))]
        : [];
}
