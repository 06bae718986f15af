using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A span as answered: OTLP's JSON with snake-case names and base64 ids; unset members are left out.</summary>
internal static class SpanJson
{
    public static JsonObject Of(SpanRow row, MlflowBehaviour behaviour)
    {
        var span = row.Sent;
        var body = new JsonObject { ["trace_id"] = Base64(span.TraceId, 16), ["span_id"] = Base64(span.SpanId, 8) };
        if (span.ParentSpanId is { } parent)
        {
            body["parent_span_id"] = Base64(parent, 8);
        }

        body["name"] = span.Name;
        if (behaviour.KeepsKind)
        {
            body["kind"] = OtlpEnums.KindName(span.Kind);
        }

        body["start_time_unix_nano"] = span.StartUnixNano;
        body["end_time_unix_nano"] = span.EndUnixNano;
        body["attributes"] = Attributes(row.Attributes.Keys.Select(key => KeyValuePair.Create(key, row.Attributes.Value(key))));
        if (span.Events.Count > 0)
        {
            body["events"] = new JsonArray([.. span.Events.Select(Event)]);
        }

        if (span.Links.Count > 0 && behaviour.KeepsLinks)
        {
            body["links"] = new JsonArray([.. span.Links.Select(Link)]);
        }

        body["status"] = Status(span);
        return body;
    }

    private static JsonObject Event(OtlpTestEvent item)
    {
        var body = new JsonObject { ["time_unix_nano"] = item.TimeUnixNano, ["name"] = item.Name };
        if (item.Attributes.Count > 0)
        {
            body["attributes"] = Attributes(item.Attributes);
        }

        return body;
    }

    private static JsonObject Link(OtlpTestLink link)
    {
        var body = new JsonObject { ["trace_id"] = Base64(link.TraceId, 16), ["span_id"] = Base64(link.SpanId, 8) };
        if (link.Attributes.Count > 0)
        {
            body["attributes"] = Attributes(link.Attributes);
        }

        return body;
    }

    private static JsonObject Status(OtlpTestSpan span)
    {
        var status = new JsonObject();
        if (span.StatusMessage.Length > 0)
        {
            status["message"] = span.StatusMessage;
        }

        if (span.Status != System.Diagnostics.ActivityStatusCode.Unset)
        {
            status["code"] = OtlpEnums.StatusName(span.Status);
        }

        return status;
    }

    private static JsonArray Attributes(IEnumerable<KeyValuePair<string, JsonNode?>> attributes) => new([.. attributes.Select(static attribute => KeyValue(attribute.Key, attribute.Value))]);

    private static JsonObject KeyValue(string key, JsonNode? value)
    {
        var body = new JsonObject { ["key"] = key };
        if (value is not null)
        {
            body["value"] = AnyValue(value);
        }

        return body;
    }

    private static JsonObject AnyValue(JsonNode? value) => value switch
    {
        null => [],
        JsonObject members => new JsonObject { ["kvlist_value"] = Values(members.Select(static member => KeyValue(member.Key, member.Value))) },
        JsonArray items => new JsonObject { ["array_value"] = Values(items.Select(AnyValue)) },
        _ => value.GetValueKind() switch
        {
            JsonValueKind.String => new JsonObject { ["string_value"] = value.GetValue<string>() },
            JsonValueKind.True or JsonValueKind.False => new JsonObject { ["bool_value"] = value.GetValueKind() == JsonValueKind.True },
            _ => MlflowJson.ToInteger(value) is { } whole ? new JsonObject { ["int_value"] = whole } : new JsonObject { ["double_value"] = Double(value) },
        },
    };

    /// <summary>JSON has no NaN; protobuf writes it as text.</summary>
    private static JsonNode Double(JsonNode value)
    {
        var number = MlflowJson.ToDouble(value) ?? 0;
        return double.IsFinite(number) ? number : PythonJson.Number(number);
    }

    private static JsonObject Values(IEnumerable<JsonObject> values)
    {
        var list = new JsonArray([.. values]);
        return list.Count == 0 ? [] : new JsonObject { ["values"] = list };
    }

    private static string Base64(string hex, int bytes) => Convert.ToBase64String(Convert.FromHexString(hex.PadLeft(2 * bytes, '0')));
}
