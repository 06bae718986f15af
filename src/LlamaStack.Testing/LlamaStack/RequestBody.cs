using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A JSON body under validation; complaints are collected and worded as the server words them.</summary>
internal sealed class RequestBody
{
    private readonly List<string> _errors = [];

    private RequestBody(JsonObject json) => Json = json;

    public JsonObject Json { get; }

    public JsonNode? this[string name] => Json[name];

    public static RequestBody Read(Call call)
    {
        var refused = new RequestBody([]);
        if (call.Request.Body.IsEmpty)
        {
            refused.Reject("missing", "Field required");
        }
        else if (call.Http.Request.HasJsonBody())
        {
            try
            {
                if (call.Request.ReadJson() is JsonObject json)
                {
                    return new RequestBody(json);
                }
            }
            catch (JsonException malformed)
            {
                refused.Reject("json_invalid", "JSON decode error", Position(call.Request.BodyText, malformed));
            }
        }

        if (refused._errors.Count == 0)
        {
            refused.Reject("model_attributes_type", "Input should be a valid dictionary or object to extract fields from");
        }

        refused.ThrowIfInvalid();
        return refused;
    }

    /// <summary>A string that must be there.</summary>
    public string Text(string name)
    {
        if (!Json.ContainsKey(name))
        {
            Reject("missing", "Field required", name);
        }
        else if (Json[name]?.GetValueKind() != JsonValueKind.String)
        {
            Reject("string_type", "Input should be a valid string", name);
        }

        return Json[name]?.ToString() ?? "";
    }

    /// <summary>A list that must be there, with at least one item.</summary>
    public JsonArray Items(string name)
    {
        if (!Json.ContainsKey(name))
        {
            Reject("missing", "Field required", name);
        }
        else if (Json[name] is not JsonArray items)
        {
            Reject("list_type", "Input should be a valid list", name);
        }
        else if (items.Count == 0)
        {
            Reject("too_short", "List should have at least 1 item after validation, not 0", name);
        }

        return Json[name] as JsonArray ?? [];
    }

    /// <summary>A number that may be missing or null.</summary>
    public double? Number(string name, double least = double.MinValue, double most = double.MaxValue)
    {
        if (Json[name] is not { } value)
        {
            return null;
        }

        if (value.GetValueKind() != JsonValueKind.Number)
        {
            Reject("float_parsing", "Input should be a valid number, unable to parse string as a number", name);
            return null;
        }

        var number = value.GetValue<double>();
        CheckRange(name, number, least, most);
        return number;
    }

    /// <summary>A whole number that may be missing or null.</summary>
    public int? Integer(string name, int least = int.MinValue, int most = int.MaxValue)
    {
        if (Json[name] is not { } value)
        {
            return null;
        }

        if (value.GetValueKind() != JsonValueKind.Number)
        {
            Reject("int_parsing", "Input should be a valid integer, unable to parse string as an integer", name);
            return null;
        }

        var number = value.GetValue<double>();
        if (number != Math.Floor(number))
        {
            Reject("int_from_float", "Input should be a valid integer, got a number with a fractional part", name);
            return null;
        }

        CheckRange(name, number, least, most);
        return (int)number;
    }

    /// <summary>True only if it says so; missing and null are false.</summary>
    public bool Flag(string name)
    {
        if (Json[name] is not { } value)
        {
            return false;
        }

        if (value.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False))
        {
            Reject("bool_parsing", "Input should be a valid boolean, unable to interpret input", name);
        }

        return value.GetValueKind() == JsonValueKind.True;
    }

    public void Reject(string type, string message, params ReadOnlySpan<object> location) => RejectAt(type, message, ["body", .. location]);

    /// <summary>A complaint whose place does not start at the body.</summary>
    public void RejectAt(string type, string message, params ReadOnlySpan<object> location)
    {
        var places = new List<string>();
        foreach (var place in location)
        {
            places.Add(place is string text ? Repr(text) : $"{place}");
        }

        _errors.Add($"{{'loc': [{string.Join(", ", places)}], 'msg': {Repr(message)}, 'type': {Repr(type)}}}");
    }

    public void ThrowIfInvalid()
    {
        if (_errors.Count > 0)
        {
            throw LlamaStackError.Error(400, $"{{'errors': [{string.Join(", ", _errors)}]}}");
        }
    }

    private void CheckRange(string name, double number, double least, double most)
    {
        if (number < least)
        {
            Reject("greater_than_equal", $"Input should be greater than or equal to {least}", name);
        }
        else if (number > most)
        {
            Reject("less_than_equal", $"Input should be less than or equal to {most}", name);
        }
    }

    /// <summary>Quotes as Python does: single, unless there are some inside.</summary>
    private static string Repr(string text) => text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal)
        ? $"\"{text}\""
        : $"'{text.Replace("'", "\\'", StringComparison.Ordinal)}'";

    /// <summary>Where the parser gave up, counted from the start of the text.</summary>
    private static int Position(string text, JsonException malformed)
    {
        var start = 0;
        for (var line = 0; line < malformed.LineNumber; line++)
        {
            start = text.IndexOf('\n', start) + 1;
        }

        return start + (int)(malformed.BytePositionInLine ?? 0);
    }
}
