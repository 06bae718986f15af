using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>A version of a prompt: a text, or the messages of a chat, with variables in double braces. It never changes.</summary>
public sealed record MlflowPromptVersion : MlflowObject
{
    /// <summary>Gets the prompt's name.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>Gets the version's number, from 1.</summary>
    [JsonIgnore]
    public int Version => int.Parse(WireVersion, CultureInfo.InvariantCulture);

    /// <summary>Gets the address that <c>mlflow.genai.load_prompt</c> and <see cref="MlflowPromptExtensions.LoadPromptAsync"/> take: <c>prompts:/name/3</c>.</summary>
    [JsonIgnore]
    public string Uri => $"prompts:/{Name}/{WireVersion}";

    /// <summary>Gets the text; of a chat, its messages as JSON.</summary>
    [JsonIgnore]
    public string Template => PromptTags.Find(WireTags, MlflowAttributes.Prompt.Text) ?? "";

    /// <summary>Gets whether it is a chat, and no text.</summary>
    [JsonIgnore]
    public bool IsChat => PromptTags.Find(WireTags, MlflowAttributes.Prompt.Type) is "chat";

    /// <summary>Gets the messages of a chat.</summary>
    /// <value>Empty where it is a text.</value>
    [JsonIgnore]
    public IReadOnlyList<MlflowPromptMessage> Messages => IsChat ? JsonSerializer.Deserialize(Template, MlflowJsonContext.Default.IReadOnlyListMlflowPromptMessage) ?? [] : [];

    /// <summary>Gets the names of the variables, each once, in the order of their first use.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Variables => PromptTemplate.VariablesOf(Template);

    /// <summary>Gets the JSON schema that the answer shall follow.</summary>
    [JsonIgnore]
    public JsonNode? ResponseFormat => Json(MlflowAttributes.Prompt.ResponseFormat);

    /// <summary>Gets the model that it was written for and its settings: <c>model_name</c>, <c>temperature</c>, <c>max_tokens</c> and others.</summary>
    [JsonIgnore]
    public JsonNode? ModelConfig => Json(MlflowAttributes.Prompt.ModelConfig);

    /// <summary>Gets what changed with it.</summary>
    [JsonPropertyName("description")]
    public string? CommitMessage { get; init; }

    /// <summary>Gets when it was made.</summary>
    [JsonIgnore]
    public DateTimeOffset CreationTime => DateTimeOffset.FromUnixTimeMilliseconds(CreatedMilliseconds);

    /// <summary>Gets the aliases that point to it.</summary>
    [JsonPropertyName("aliases")]
    public IReadOnlyList<string> Aliases { get => field ?? []; init; }

    /// <summary>Gets the tags of this version.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Tags => PromptTags.Own(WireTags);

    [JsonInclude]
    [JsonPropertyName("version")]
    internal string WireVersion { get => field ?? "0"; init; }

    [JsonInclude]
    [JsonPropertyName("creation_timestamp")]
    internal long CreatedMilliseconds { get; init; }

    [JsonInclude]
    [JsonPropertyName("tags")]
    internal IReadOnlyList<RegistryTag>? WireTags { get; init; }

    /// <summary>Puts values in the place of variables.</summary>
    /// <param name="variables">A value for each of the <see cref="Variables"/>, written as the invariant culture writes it; others are passed over.</param>
    /// <returns>The text; of a chat, its messages as JSON.</returns>
    /// <exception cref="ArgumentException">Variables without a value; the message names them.</exception>
    /// <exception cref="NotSupportedException">The template holds statements of Jinja2, which only Python runs.</exception>
    /// <remarks>A value that holds double braces itself stays as it is.</remarks>
    public string Format(IReadOnlyDictionary<string, object?> variables) =>
        IsChat ? JsonSerializer.Serialize(FormatMessages(variables), MlflowJsonContext.Default.IReadOnlyListMlflowPromptMessage) : PromptTemplate.Format(this, Template, variables);

    /// <summary>Puts values in the place of the variables of a chat.</summary>
    /// <param name="variables">A value for each of the <see cref="Variables"/>, written as the invariant culture writes it; others are passed over.</param>
    /// <returns>The messages; of a text, one message of a user.</returns>
    /// <exception cref="ArgumentException">Variables without a value; the message names them.</exception>
    /// <exception cref="NotSupportedException">The template holds statements of Jinja2, which only Python runs.</exception>
    public IReadOnlyList<MlflowPromptMessage> FormatMessages(IReadOnlyDictionary<string, object?> variables) => IsChat
        ? [.. Messages.Select(message => message with { Content = PromptTemplate.Format(this, message.Content, variables) })]
        : [new MlflowPromptMessage { Role = "user", Content = PromptTemplate.Format(this, Template, variables) }];

    private JsonNode? Json(string tag) => PromptTags.Find(WireTags, tag) is { Length: > 0 } json ? JsonNode.Parse(json) : null;
}
