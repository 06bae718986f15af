using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>A message of a prompt that is a chat.</summary>
public sealed record MlflowPromptMessage : MlflowObject
{
    /// <summary>Gets who speaks: <c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</summary>
    [JsonPropertyName("role")]
    public required string Role { get; init; }

    /// <summary>Gets what is said: a text, or a list of parts in OpenAI's shape.</summary>
    [JsonPropertyName("content")]
    public JsonNode? Content { get; init; }
}
