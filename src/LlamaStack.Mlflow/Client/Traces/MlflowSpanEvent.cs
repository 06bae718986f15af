using System.Collections.ObjectModel;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>Something that happened within a span.</summary>
public sealed record MlflowSpanEvent : MlflowObject
{
    /// <summary>Gets what it is, for instance <c>exception</c>.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>Gets when it happened.</summary>
    [JsonIgnore]
    public DateTimeOffset Time => MlflowSpan.Time(Nano);

    /// <summary>Gets the attributes, for instance <c>exception.message</c>.</summary>
    [JsonPropertyName("attributes")]
    [JsonConverter(typeof(OtlpAttributesConverter))]
    public IReadOnlyDictionary<string, JsonNode?> Attributes { get => field ?? ReadOnlyDictionary<string, JsonNode?>.Empty; init; }

    [JsonInclude]
    [JsonPropertyName("time_unix_nano")]
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    internal ulong Nano { get; init; }
}
