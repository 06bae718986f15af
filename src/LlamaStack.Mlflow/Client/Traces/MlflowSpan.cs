using System.Collections.ObjectModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>A span of a trace, as MLflow keeps it.</summary>
public sealed record MlflowSpan : MlflowObject
{
    /// <summary>Gets the span's id, 16 hexadecimal digits.</summary>
    [JsonPropertyName("span_id")]
    [JsonConverter(typeof(HexIdConverter))]
    public required string SpanId { get; init; }

    /// <summary>Gets the id of the span above, 16 hexadecimal digits.</summary>
    /// <value>Null for the root.</value>
    [JsonPropertyName("parent_span_id")]
    [JsonConverter(typeof(HexIdConverter))]
    public string? ParentSpanId { get; init; }

    /// <summary>Gets the OpenTelemetry id of its trace, 32 hexadecimal digits.</summary>
    [JsonPropertyName("trace_id")]
    [JsonConverter(typeof(HexIdConverter))]
    public string? TraceId { get; init; }

    /// <summary>Gets the name.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>Gets what it is among calls.</summary>
    /// <value>Null where the server has not kept it, which is before MLflow 3.18.</value>
    [JsonIgnore]
    public ActivityKind? Kind => Enum.TryParse<ActivityKind>(WireKind?.Replace("SPAN_KIND_", "", StringComparison.Ordinal), ignoreCase: true, out var kind) ? kind : null;

    /// <summary>Gets MLflow's type: <c>CHAT_MODEL</c>, <c>TOOL</c>, <c>AGENT</c> and others.</summary>
    [JsonIgnore]
    public string? Type => Text(MlflowAttributes.SpanType);

    /// <summary>Gets what went in, as JSON.</summary>
    [JsonIgnore]
    public JsonNode? Inputs => Attributes.GetValueOrDefault(MlflowAttributes.SpanInputs);

    /// <summary>Gets what came out, as JSON.</summary>
    [JsonIgnore]
    public JsonNode? Outputs => Attributes.GetValueOrDefault(MlflowAttributes.SpanOutputs);

    /// <summary>Gets the model that answered.</summary>
    [JsonIgnore]
    public string? Model => Text(MlflowAttributes.Llm.Model);

    /// <summary>Gets when it began.</summary>
    [JsonIgnore]
    public DateTimeOffset StartTime => Time(StartNano);

    /// <summary>Gets when it ended.</summary>
    [JsonIgnore]
    public DateTimeOffset EndTime => Time(EndNano);

    /// <summary>Gets how it went.</summary>
    [JsonIgnore]
    public ActivityStatusCode Status => WireStatus?.Code switch
    {
        "STATUS_CODE_ERROR" => ActivityStatusCode.Error,
        "STATUS_CODE_OK" => ActivityStatusCode.Ok,
        _ => ActivityStatusCode.Unset,
    };

    /// <summary>Gets what went wrong, in words.</summary>
    [JsonIgnore]
    public string? StatusMessage => WireStatus?.Message;

    /// <summary>Gets the attributes, with MLflow's own. A value that is text holding JSON comes as that JSON.</summary>
    [JsonPropertyName("attributes")]
    [JsonConverter(typeof(OtlpAttributesConverter))]
    public IReadOnlyDictionary<string, JsonNode?> Attributes { get => field ?? ReadOnlyDictionary<string, JsonNode?>.Empty; init; }

    /// <summary>Gets what happened meanwhile, exceptions among it.</summary>
    [JsonPropertyName("events")]
    public IReadOnlyList<MlflowSpanEvent> Events { get => field ?? []; init; }

    /// <summary>Gets other spans that it has to do with.</summary>
    /// <value>Empty before MLflow 3.13, which does not keep them.</value>
    [JsonPropertyName("links")]
    public IReadOnlyList<MlflowSpanLink> Links { get => field ?? []; init; }

    [JsonInclude]
    [JsonPropertyName("kind")]
    internal string? WireKind { get; init; }

    [JsonInclude]
    [JsonPropertyName("start_time_unix_nano")]
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    internal ulong StartNano { get; init; }

    [JsonInclude]
    [JsonPropertyName("end_time_unix_nano")]
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    internal ulong EndNano { get; init; }

    [JsonInclude]
    [JsonPropertyName("status")]
    internal SpanStatus? WireStatus { get; init; }

    /// <summary>.NET counts in steps of 100 nanoseconds.</summary>
    internal static DateTimeOffset Time(ulong nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks((long)(nanoseconds / 100));

    private string? Text(string key) => Attributes.GetValueOrDefault(key) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
