using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>A prompt is a registered model, and all that makes it a prompt are tags.</summary>
internal static class PromptTags
{
    public const string IsPrompt = MlflowAttributes.Prompt.IsPrompt;

    private static readonly string[] _reserved =
        [MlflowAttributes.Prompt.IsPrompt, MlflowAttributes.Prompt.Text, MlflowAttributes.Prompt.Type, MlflowAttributes.Prompt.ResponseFormat, MlflowAttributes.Prompt.ModelConfig];

    public static string? Find(IReadOnlyList<RegistryTag>? tags, string key) => tags?.FirstOrDefault(tag => tag.Key == key)?.Value;

    public static bool IsReserved(string key) => Array.IndexOf(_reserved, key) >= 0;

    /// <summary>Those that somebody has set.</summary>
    public static Dictionary<string, string> Own(IReadOnlyList<RegistryTag>? tags) =>
        (tags ?? []).Where(tag => !IsReserved(tag.Key)).ToDictionary(tag => tag.Key, tag => tag.Value ?? "");
}

internal sealed record RegistryTag(
    [property: JsonPropertyName("key")] string Key,
    [property: JsonPropertyName("value")] string? Value);
