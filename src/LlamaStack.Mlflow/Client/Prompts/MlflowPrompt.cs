using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>A prompt of the registry, without its text: that stands in its versions.</summary>
public sealed record MlflowPrompt : MlflowObject
{
    /// <summary>Gets the name.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>Gets what it is for.</summary>
    [JsonPropertyName("description")]
    public string? Description { get; init; }

    /// <summary>Gets when it was made.</summary>
    [JsonIgnore]
    public DateTimeOffset CreationTime => DateTimeOffset.FromUnixTimeMilliseconds(CreatedMilliseconds);

    /// <summary>Gets the tags of the prompt as a whole.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Tags => PromptTags.Own(WireTags);

    [JsonInclude]
    [JsonPropertyName("creation_timestamp")]
    internal long CreatedMilliseconds { get; init; }

    [JsonInclude]
    [JsonPropertyName("tags")]
    internal IReadOnlyList<RegistryTag>? WireTags { get; init; }

    /// <summary>The registry holds models, too.</summary>
    internal bool IsPrompt => PromptTags.Find(WireTags, PromptTags.IsPrompt) is "true";
}
