using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>The parameters of a REST call: from the query of a GET, else from the body.</summary>
internal sealed class MlflowRequest
{
    private readonly JsonObject _raw;
    private readonly bool _wellTyped;

    private MlflowRequest(JsonObject raw, ProtoMessage message)
    {
        _raw = raw;
        _wellTyped = ProtoJson.Read(raw, message, Message);
    }

    /// <summary>What was understood.</summary>
    public JsonObject Message { get; } = [];

    public JsonNode? this[string name] => Message[name];

    public static MlflowRequest Read(Call call, ProtoMessage message, params ReadOnlySpan<string> required)
    {
        var request = new MlflowRequest(HttpMethods.IsGet(call.Request.Method) ? ReadQuery(call, message) : ReadBody(call), message);
        foreach (var name in required)
        {
            if (request._raw[name] is not { } value || (value.GetValueKind() == JsonValueKind.String && value.GetValue<string>().Length == 0))
            {
                throw MlflowError.Missing(name);
            }
        }

        return request;
    }

    /// <summary>A text; empty if it is missing or was not understood.</summary>
    public string Text(string name) => Message[name]?.GetValue<string>() ?? "";

    public long? Integer(string name) => Message[name]?.GetValue<long>();

    public IEnumerable<string> Texts(string name) => (Message[name] as JsonArray ?? []).Select(static item => item!.GetValue<string>());

    public IEnumerable<JsonObject> Items(string name) => (Message[name] as JsonArray ?? []).OfType<JsonObject>();

    /// <summary>A wrong type is complained about only for parameters that the server checks, and only if parsing came to a stop.</summary>
    public void RequireType(string name, JsonValueKind kind)
    {
        if (!_wellTyped && _raw.TryGetPropertyValue(name, out var value) && value?.GetValueKind() != kind)
        {
            throw InvalidValue(name, value);
        }
    }

    public static MlflowError InvalidValue(string name, JsonNode? value)
    {
        var type = value?.GetValueKind() switch
        {
            null => "NoneType",
            JsonValueKind.String => "str",
            JsonValueKind.Number => MlflowJson.ToInteger(value) is null ? "float" : "int",
            JsonValueKind.True or JsonValueKind.False => "bool",
            JsonValueKind.Array => "list",
            _ => "dict",
        };
        return MlflowError.Invalid(
            $"Invalid value {PythonJson.Spaced(value)} for parameter '{name}' supplied:  Hint: Value was of type '{type}'. See the API docs for more information about request parameters.");
    }

    private static JsonObject ReadQuery(Call call, ProtoMessage message)
    {
        var query = new JsonObject();
        foreach (var (name, values) in call.Http.Request.Query)
        {
            query[name] = message.Find(name) switch
            {
                { Repeated: true } => new JsonArray([.. values.Select(static value => (JsonNode?)value)]),
                { Type: ProtoType.Flag } => ReadFlag(values.ToString()),
                _ => values.ToString(),
            };
        }

        return query;
    }

    private static bool ReadFlag(string value) => value.ToLowerInvariant() switch
    {
        "true" => true,
        "false" => false,
        _ => throw MlflowError.Invalid($"Invalid boolean value: {value}, must be 'true' or 'false'."),
    };

    /// <summary>No body and malformed JSON both count as no parameters.</summary>
    private static JsonObject ReadBody(Call call)
    {
        var contentType = call.Http.Request.ContentType;
        if (HttpMethods.IsPost(call.Request.Method) && contentType?.Split(';')[0] != "application/json")
        {
            throw MlflowError.Invalid(
                contentType is null ? "Bad Request. Content-Type header is missing." : "Bad Request. Content-Type must be one of ['application/json'].");
        }

        try
        {
            return call.Request.ReadJson() as JsonObject ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
