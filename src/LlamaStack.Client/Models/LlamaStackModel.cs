using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>A model that the server knows.</summary>
/// <remarks>The list, a single model and servers before 0.4 describe it in three shapes; the properties read all of them. That a model is listed does not
/// prove that it can be served. Source: <c>GET /v1/models</c> of the LlamaStack API.</remarks>
public sealed record LlamaStackModel : WireObject
{
    /// <summary>Gets the id to call the model by: <c>provider/model</c>, or an alias without a slash.</summary>
    [JsonIgnore]
    public string Id { get => WireId ?? Identifier ?? ""; init => WireId = value; }

    /// <summary>Gets <c>llm</c>, <c>embedding</c> or <c>rerank</c>.</summary>
    [JsonIgnore]
    public string? ModelType { get => WireModelType ?? InMetadata("model_type"); init => WireModelType = value; }

    /// <summary>Gets the provider that serves the model.</summary>
    [JsonIgnore]
    public string? ProviderId { get => WireProviderId ?? InMetadata("provider_id"); init => WireProviderId = value; }

    /// <summary>Gets the model's name at its provider.</summary>
    [JsonIgnore]
    public string? ProviderResourceId { get => WireProviderResourceId ?? InMetadata("provider_resource_id"); init => WireProviderResourceId = value; }

    /// <summary>Gets the time of the call; the server does not know when a model was made.</summary>
    [JsonConverter(typeof(UnixSecondsConverter))]
    public DateTimeOffset? Created { get; init; }

    /// <summary>Gets <c>ogx</c>, on servers up to 0.7 <c>llama_stack</c>.</summary>
    public string? OwnedBy { get; init; }

    /// <summary>Gets what else a list tells, for an embedding model its <c>embedding_dimension</c>.</summary>
    public JsonObject? CustomMetadata { get; init; }

    /// <summary>Gets what else is told about a single model.</summary>
    public JsonObject? Metadata { get; init; }

    [JsonInclude]
    [JsonPropertyName("id")]
    internal string? WireId { get; init; }

    [JsonInclude]
    internal string? Identifier { get; init; }

    [JsonInclude]
    [JsonPropertyName("model_type")]
    internal string? WireModelType { get; init; }

    [JsonInclude]
    [JsonPropertyName("provider_id")]
    internal string? WireProviderId { get; init; }

    [JsonInclude]
    [JsonPropertyName("provider_resource_id")]
    internal string? WireProviderResourceId { get; init; }

    private string? InMetadata(string name) => Text(CustomMetadata, name) ?? Text(Metadata, name);

    private static string? Text(JsonObject? metadata, string name) =>
        metadata?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}

internal sealed record ModelList : WireObject
{
    public IReadOnlyList<LlamaStackModel>? Data { get; init; }
}
