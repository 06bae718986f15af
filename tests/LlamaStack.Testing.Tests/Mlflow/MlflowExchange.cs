using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlamaStack.Testing.Tests;

/// <summary>A request to MLflow and its answer, recorded or replayed.</summary>
internal sealed partial record MlflowExchange(string Method, string Target, IReadOnlyList<(string Name, string Value)> RequestHeaders, byte[]? RequestBody, int Status, IReadOnlyDictionary<string, string> Headers, JsonNode? Body)
{
    public string? AssessmentId => (Body as JsonObject)?["assessment"]?["assessment_id"]?.ToString();

    /// <summary>The body in one writing, without what the server makes up: assessment ids, its own times, the order of a Python set.</summary>
    public string ComparableBody => Body is JsonValue text && text.TryGetValue<string>(out var plain) ? plain : PythonSet().Replace(JsonShape.Canonical(Neutral(Body)), SortedSet);

    public static MlflowExchange Parse(JsonNode file)
    {
        var request = file["request"]!;
        var body = request["body_base64"] is { } bytes ? Convert.FromBase64String(bytes.ToString())
            : request["body"] is { } json ? System.Text.Encoding.UTF8.GetBytes(json.ToJsonString())
            : null;
        var response = file["response"]!;
        return new MlflowExchange(
            request["method"]!.ToString(),
            request["path"]!.ToString(),
            [.. request["headers"]!.AsObject().Select(static header => (header.Key, header.Value!.ToString()))],
            body,
            response["status"]!.GetValue<int>(),
            response["headers"]!.AsObject().ToDictionary(static header => header.Key, static header => header.Value!.ToString()),
            response["body"]);
    }

    /// <summary>Of the headers, those that the recording has.</summary>
    public static async Task<MlflowExchange> ReadAsync(HttpResponseMessage response, MlflowExchange recorded)
    {
        var text = await response.Content.ReadAsStringAsync(Limit.Token);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(static header => header.Key, static header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        var isJson = response.Content.Headers.ContentType?.MediaType == "application/json";
        return recorded with
        {
            Status = (int)response.StatusCode,
            Headers = recorded.Headers.Keys.ToDictionary(static name => name, name => headers.GetValueOrDefault(name, "(none)")),
            Body = text.Length == 0 ? null : isJson ? JsonNode.Parse(text) : text,
        };
    }

    public string Path(IReadOnlyDictionary<string, string> ids) => ids.Aggregate(Target, static (path, id) => path.Replace(id.Key, id.Value, StringComparison.Ordinal));

    private static JsonNode? Neutral(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(static member => KeyValuePair.Create(member.Key, IsMadeUp(member.Key) ? "*" : Neutral(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Neutral)]),
        JsonValue value when value.TryGetValue<string>(out var text) => AssessmentIds().Replace(text, "a-*").Replace("The experiment 31 ", "The experiment 7 ", StringComparison.Ordinal),
        _ => node?.DeepClone(),
    };

    private static bool IsMadeUp(string member) =>
        member is "create_time" or "last_update_time" or "creation_time" or "creation_timestamp" or "last_updated_timestamp" or "assessment_id";

    private static string SortedSet(Match set) => string.Join(',', set.Value.Trim('{', '}').Split(", ").Order(StringComparer.Ordinal));

    [GeneratedRegex("a-[0-9a-f]{32}")]
    private static partial Regex AssessmentIds();

    [GeneratedRegex(@"\{(\\u0027\w+\\u0027(, )?)+\}")]
    private static partial Regex PythonSet();
}
