using System.Text.Json.Nodes;

namespace LlamaStack.Mlflow;

/// <summary>A version of a prompt that shall be registered; either <see cref="Template"/> or <see cref="Messages"/> is set.</summary>
public sealed record MlflowNewPromptVersion
{
    /// <summary>Gets the prompt's name, without slashes and colons; the prompt is made if there is none of that name.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the text, with variables in double braces: <c>Say hello to {{name}}.</c></summary>
    /// <value>100,000 characters at most.</value>
    public string? Template { get; init; }

    /// <summary>Gets the messages of a chat, with variables in double braces.</summary>
    public IReadOnlyList<MlflowPromptMessage>? Messages { get; init; }

    /// <summary>Gets what changes with this version.</summary>
    public string? CommitMessage { get; init; }

    /// <summary>Gets tags of this version.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>Gets the JSON schema that the answer shall follow.</summary>
    public JsonNode? ResponseFormat { get; init; }

    /// <summary>Gets the model that it is written for and its settings: <c>model_name</c>, <c>temperature</c>, <c>max_tokens</c> and others.</summary>
    public JsonNode? ModelConfig { get; init; }
}
