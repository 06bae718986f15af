using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Decodes the JSON encoding of an OTLP trace export: ids in hexadecimal, 64-bit numbers as text or number, enumerations by name or number.</summary>
internal sealed class OtlpJson(Func<byte[], string> bytesAsText)
{
    private static readonly string[] _kinds =
        ["SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"];

    private static readonly string[] _statuses = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

    public OtlpExport Decode(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var resources = List(document.RootElement, "resourceSpans").ToList();
            return new OtlpExport([.. resources.SelectMany(ReadResourceSpans)], resources.Count);
        }
        catch (Exception malformed) when (malformed is JsonException or FormatException or InvalidOperationException or OverflowException)
        {
            throw new InvalidDataException("The body is not OTLP JSON.", malformed);
        }
    }

    private IEnumerable<OtlpTestSpan> ReadResourceSpans(JsonElement element)
    {
        var resource = element.TryGetProperty("resource", out var given) ? ReadAttributes(given) : new Dictionary<string, JsonNode?>();
        foreach (var scopeSpans in List(element, "scopeSpans"))
        {
            var scope = scopeSpans.TryGetProperty("scope", out var named) ? named : default;
            foreach (var span in List(scopeSpans, "spans"))
            {
                yield return ReadSpan(span, resource, Text(scope, "name"), Text(scope, "version"));
            }
        }
    }

    private OtlpTestSpan ReadSpan(JsonElement span, IReadOnlyDictionary<string, JsonNode?> resource, string scopeName, string scopeVersion)
    {
        var status = span.TryGetProperty("status", out var given) ? given : default;
        return new OtlpTestSpan
        {
            TraceId = Id(span, "traceId"),
            SpanId = Id(span, "spanId"),
            ParentSpanId = Id(span, "parentSpanId") is { Length: > 0 } parent ? parent : null,
            TraceState = Text(span, "traceState"),
            Name = Text(span, "name"),
            Kind = OtlpEnums.Kind(Enumeration(span, "kind", _kinds)),
            StartUnixNano = Number(span, "startTimeUnixNano"),
            EndUnixNano = Number(span, "endTimeUnixNano"),
            Attributes = ReadAttributes(span),
            Events = [.. List(span, "events").Select(item => new OtlpTestEvent(Text(item, "name"), Number(item, "timeUnixNano"), ReadAttributes(item)))],
            Links = [.. List(span, "links").Select(item => new OtlpTestLink(Id(item, "traceId"), Id(item, "spanId"), ReadAttributes(item)))],
            Status = OtlpEnums.Status(Enumeration(status, "code", _statuses)),
            StatusMessage = Text(status, "message"),
            Resource = resource,
            ScopeName = scopeName,
            ScopeVersion = scopeVersion,
        };
    }

    private Dictionary<string, JsonNode?> ReadAttributes(JsonElement owner)
    {
        var attributes = new Dictionary<string, JsonNode?>();
        foreach (var attribute in List(owner, "attributes"))
        {
            attributes[Text(attribute, "key")] = ReadValue(attribute, "value");
        }

        return attributes;
    }

    private JsonNode? ReadValue(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) ? ReadValue(value) : null;

    private JsonNode? ReadValue(JsonElement value)
    {
        foreach (var member in value.EnumerateObject())
        {
            switch (member.Name)
            {
                case "stringValue":
                    return member.Value.GetString();
                case "boolValue":
                    return member.Value.GetBoolean();
                case "intValue":
                    return member.Value.ValueKind == JsonValueKind.String ? long.Parse(member.Value.GetString()!, CultureInfo.InvariantCulture) : member.Value.GetInt64();
                case "doubleValue":
                    return member.Value.ValueKind == JsonValueKind.String ? double.Parse(member.Value.GetString()!, CultureInfo.InvariantCulture) : member.Value.GetDouble();
                case "bytesValue":
                    return bytesAsText(member.Value.GetBytesFromBase64());
                case "arrayValue":
                    return new JsonArray([.. List(member.Value, "values").Select(ReadValue)]);
                case "kvlistValue":
                    return new JsonObject(List(member.Value, "values").Select(item => KeyValuePair.Create(Text(item, "key"), ReadValue(item, "value"))));
            }
        }

        return null;
    }

    private static JsonElement.ArrayEnumerator List(JsonElement owner, string name) => Member(owner, name)?.EnumerateArray() ?? default;

    private static string Text(JsonElement owner, string name) => Member(owner, name) is { } value ? value.GetString() ?? "" : "";

    /// <summary>Hexadecimal, checked by decoding.</summary>
    private static string Id(JsonElement owner, string name) => Convert.ToHexStringLower(Convert.FromHexString(Text(owner, name)));

    private static ulong Number(JsonElement owner, string name) => Member(owner, name) switch
    {
        null => 0,
        { ValueKind: JsonValueKind.String } text => ulong.Parse(text.GetString()!, CultureInfo.InvariantCulture),
        { } number => number.GetUInt64(),
    };

    private static ulong Enumeration(JsonElement owner, string name, string[] names) => Member(owner, name) switch
    {
        null => 0,
        { ValueKind: JsonValueKind.String } word => (ulong)Math.Max(0, Array.IndexOf(names, word.GetString())),
        { } number => number.GetUInt64(),
    };

    private static JsonElement? Member(JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
