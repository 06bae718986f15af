using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

internal sealed record CreatePrompt(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("tags")] IReadOnlyList<RegistryTag> Tags);

internal sealed record PromptAnswer([property: JsonPropertyName("registered_model")] MlflowPrompt? Prompt);

internal sealed record FoundPrompts(
    [property: JsonPropertyName("registered_models")] IReadOnlyList<MlflowPrompt>? Prompts,
    [property: JsonPropertyName("next_page_token")] string? NextPageToken);

/// <summary>A version of a model must come from somewhere; MLflow's own libraries say so for prompts.</summary>
internal sealed record CreatePromptVersion(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("description")] string? Description,
    [property: JsonPropertyName("tags")] IReadOnlyList<RegistryTag> Tags)
{
    [JsonPropertyName("source")]
    public string Source { get; } = "prompt-template";
}

internal sealed record PromptVersionAnswer([property: JsonPropertyName("model_version")] MlflowPromptVersion? Version);

internal sealed record FoundPromptVersions(
    [property: JsonPropertyName("model_versions")] IReadOnlyList<MlflowPromptVersion>? Versions,
    [property: JsonPropertyName("next_page_token")] string? NextPageToken);

internal sealed record PromptAlias(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("alias")] string Alias,
    [property: JsonPropertyName("version")] string? Version);

internal sealed record LinkPrompts(
    [property: JsonPropertyName("trace_id")] string TraceId,
    [property: JsonPropertyName("prompt_versions")] IReadOnlyList<LinkedPrompt> Versions);

internal sealed record LinkedPrompt(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("version")] string Version);
