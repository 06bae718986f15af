using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>The tags of a trace, as MLflow takes them: what the application has set, and the prompts that its page of traces shows.</summary>
internal static class TraceTags
{
    private const int MaxKeyLength = 250;
    private const int MaxValueLength = 8000;

    public static IEnumerable<KeyValuePair<string, string>> Of(TraceDetails? details) => details is null ? [] : All(details);

    private static IEnumerable<KeyValuePair<string, string>> All(TraceDetails details)
    {
        foreach (var tag in details.Tags)
        {
            yield return Fitting(tag);
        }

        if (TraceLinks.PromptsOf(details) is { Count: > 0 } prompts)
        {
            yield return Fitting(new(MlflowAttributes.Tag.LinkedPrompts, JsonSerializer.Serialize(prompts, MlflowJsonContext.Default.IReadOnlyListLinkedPrompt)));
        }
    }

    /// <summary>A tag, or a piece of metadata, no longer than the server takes it.</summary>
    public static KeyValuePair<string, string> Fitting(KeyValuePair<string, string> tag) => new(TraceSummary.Cut(tag.Key, MaxKeyLength)!, TraceSummary.Cut(tag.Value, MaxValueLength)!);
}
