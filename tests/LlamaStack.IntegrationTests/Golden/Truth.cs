using System.Text;
using System.Text.Json.Nodes;

namespace LlamaStack.IntegrationTests;

/// <summary>What really happened in a call of a scenario, read off the bytes that were exchanged: by this ours is judged where autolog is silent or wrong.</summary>
internal sealed class Truth
{
    private readonly JsonNode _call;
    private readonly List<JsonNode> _events;

    public Truth(GoldenScenario scenario, int call)
    {
        _call = scenario.Calls[call];
        Request = JsonNode.Parse(scenario.RequestOf(call))!;
        var body = Encoding.UTF8.GetString(scenario.ResponseOf(call));
        var isStream = ((string)_call["content_type"]!).StartsWith("text/event-stream", StringComparison.Ordinal);
        _events = isStream
            ? [.. body.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line[6..])!)]
            : [];
        var stop = call == 0 ? scenario.ReaderStopsAfter : null;
        Leaving = stop is null ? null : scenario.IsForgotten ? "collected" : "abandoned";
        Error = Leaving is null ? ErrorOf(body, isStream) : null;
        Texts = TextsOf(stop);
        AutologIsWrong = Leaving is not null || (Error is not null && (int)_call["status"]! < 400) || _events.Count(happened => Terminal(happened)) > 1 || Texts.Any(text => text.Length > 0 && IsRefusalOfEvents(text));
    }

    public JsonNode Request { get; }

    /// <summary>Gets a piece of the message that the span's status must hold; null where the call went well.</summary>
    public string? Error { get; }

    /// <summary>Gets how the reader left the stream.</summary>
    public string? Leaving { get; }

    /// <summary>Gets texts that were streamed and must stand in the outputs.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>Gets a value indicating whether autolog's outputs and preview are known to be wrong for it.</summary>
    public bool AutologIsWrong { get; }

    private static bool Terminal(JsonNode happened) => (string?)happened["type"] is "response.completed" or "response.incomplete" or "response.failed";

    private string? ErrorOf(string body, bool isStream)
    {
        if (_call["held_seconds"] is not null)
        {
            return "timed out";
        }

        if ((int)_call["status"]! >= 400)
        {
            return (string?)JsonNode.Parse(body)?["detail"] ?? (string?)JsonNode.Parse(body)?["error"]?["message"];
        }

        if (!isStream)
        {
            return body.StartsWith('{') ? null : "not a JSON object";
        }

        var told = _events.Select(happened =>
            (string?)happened["error"]?["message"] ?? ((string?)happened["type"] is "error" ? (string?)happened["message"] : (string?)happened["type"] is "response.failed" ? (string?)happened["response"]?["error"]?["message"] : null)).FirstOrDefault(message => message is not null);
        if (told is not null)
        {
            return told;
        }

        if ((bool?)_call["connection_cut_after_body"] is true)
        {
            return "";
        }

        var isWhole = _events.Any(happened => Terminal(happened) || happened["choices"] is JsonArray { Count: > 0 } choices && choices[0]!["finish_reason"] is not null);
        return _events.Count == 0 ? "without a single event" : isWhole ? null : "ended before the answer did";
    }

    /// <summary>The text of each choice of a chat, or of a Responses stream without an end, as far as it was read; and refusals, which only events tell.</summary>
    private List<string> TextsOf(int? stop)
    {
        // A reader who never reads may still have had the first event in his buffer: nothing is asked of that.
        var read = stop is { } count ? _events.Take(count).ToList() : _events;
        var texts = read.SelectMany(happened => happened["choices"] as JsonArray ?? [])
            .GroupBy(choice => (int?)choice!["index"] ?? 0, choice => (string?)choice!["delta"]?["content"] ?? "")
            .Select(pieces => string.Concat(pieces))
            .ToList();
        texts.AddRange(read.SelectMany(happened => happened["choices"] as JsonArray ?? [])
            .GroupBy(choice => (int?)choice!["index"] ?? 0, choice => (string?)choice!["delta"]?["reasoning_content"] ?? (string?)choice["delta"]?["reasoning"] ?? "")
            .Select(pieces => string.Concat(pieces)));
        texts.Add(string.Concat(read.Where(happened => (string?)happened["type"] == "response.refusal.delta").Select(happened => (string)happened["delta"]!)));
        if (!read.Any(Terminal))
        {
            texts.Add(string.Concat(read.Where(happened => (string?)happened["type"] == "response.output_text.delta").Select(happened => (string)happened["delta"]!)));
        }

        return [.. texts.Where(text => text.Length > 0)];
    }

    private bool IsRefusalOfEvents(string text) => _events.Any(happened => (string?)happened["type"] == "response.refusal.delta" && text.Contains((string)happened["delta"]!, StringComparison.Ordinal));
}
