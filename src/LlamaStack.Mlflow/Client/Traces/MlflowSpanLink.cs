using System.Collections.ObjectModel;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>Another span, of this or of another trace, that a span has to do with.</summary>
public sealed record MlflowSpanLink : MlflowObject
{
    /// <summary>Gets the OpenTelemetry id of the other trace, 32 hexadecimal digits.</summary>
    [JsonPropertyName("trace_id")]
    [JsonConverter(typeof(HexIdConverter))]
    public string? TraceId { get; init; }

    /// <summary>Gets the id of the other span, 16 hexadecimal digits.</summary>
    [JsonPropertyName("span_id")]
    [JsonConverter(typeof(HexIdConverter))]
    public string? SpanId { get; init; }

    /// <summary>Gets the attributes.</summary>
    [JsonPropertyName("attributes")]
    [JsonConverter(typeof(OtlpAttributesConverter))]
    public IReadOnlyDictionary<string, JsonNode?> Attributes { get => field ?? ReadOnlyDictionary<string, JsonNode?>.Empty; init; }
}
