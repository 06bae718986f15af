using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlamaStack.Testing;

/// <summary>A value that satisfies a simple JSON schema, and that makes sense for the question where its name tells what is meant.</summary>
internal static partial class SchemaSample
{
    /// <param name="schema">A JSON schema; anything else gives a word.</param>
    /// <param name="question">Where a city or a query is taken from.</param>
    /// <param name="another">The arguments of a second, parallel call: other than those of the first.</param>
    public static JsonNode? Of(JsonNode? schema, string question, bool another = false) => Of(schema, "value", question, another);

    private static JsonNode? Of(JsonNode? schema, string name, string question, bool another)
    {
        if (schema is not JsonObject rules)
        {
            return name == "value" ? new JsonObject() : "value";
        }

        if ((rules["const"] ?? rules["default"] ?? (rules["enum"] as JsonArray)?[0]) is { } given)
        {
            return given.DeepClone();
        }

        return Kind(rules) switch
        {
            "object" => Members(rules["properties"] as JsonObject ?? [], question, another),
            "array" => new JsonArray(Of(rules["items"], name, question, another)),
            "integer" => rules["minimum"] is JsonValue least && least.TryGetValue<int>(out var whole) ? whole : 3,
            "number" => rules["minimum"] is JsonValue low && low.TryGetValue<double>(out var number) ? number : 1.5,
            "boolean" => true,
            "null" => null,
            _ => Text(rules, name, question, another),
        };
    }

    private static string Kind(JsonObject rules) => rules["type"] switch
    {
        JsonArray kinds => kinds.Select(static kind => kind?.ToString()).FirstOrDefault(static kind => kind != "null") ?? "null",
        { } kind when kind.GetValueKind() == JsonValueKind.String => kind.ToString(),
        _ => rules.ContainsKey("properties") ? "object" : "string",
    };

    private static JsonObject Members(JsonObject properties, string question, bool another) =>
        new(properties.Select(property => KeyValuePair.Create(property.Key, Of(property.Value, property.Key, question, another))));

    private static string Text(JsonObject rules, string name, string question, bool another) => (name.ToLowerInvariant(), rules["format"]?.ToString()) switch
    {
        ("city" or "location" or "place", _) => City(question, another),
        ("unit" or "units", _) => "celsius",
        ("query" or "question" or "text" or "input" or "prompt", _) => question.Length <= 200 ? question : question[..200],
        (_, "date-time") => "2026-01-01T12:00:00Z",
        ("date", _) or (_, "date") => "2026-01-01",
        ("email", _) or (_, "email") => "someone@example.org",
        (_, "uri") => "https://example.org/",
        (var other, _) => another ? $"another {other}" : $"some {other}",
    };

    /// <summary>The words with a capital that follow "in", "and", "at" or "for" in the question; else a city that everyone knows.</summary>
    private static string City(string question, bool another)
    {
        var cities = Place().Matches(question).Select(static match => match.Groups[1].Value).ToList();
        return another ? cities.ElementAtOrDefault(1) ?? "Oslo" : cities.FirstOrDefault() ?? "Paris";
    }

    [GeneratedRegex(@"(?:\bin|\band|\bat|\bfor|,)\s+((?:\p{Lu}[\p{L}'-]*\s?)+(?<!\s))")]
    private static partial Regex Place();
}
