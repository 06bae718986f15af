using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>An exchange of the test data, found by its folder and name: what was asked and what was answered.</summary>
internal sealed record CaseExchange(string Url, string Request, int Status, string? ContentType, byte[] Body)
{
    private const string Server = "http://models.example:8321";

    private static readonly ConcurrentDictionary<string, Dictionary<string, LiveExchange>> _live = new();

    public static CaseExchange Of(string path)
    {
        var parts = path.Split('/');
        return parts[0] switch
        {
            "llamastack-live" => Live(parts[1], parts[2]),
            "llamastack-wire" => Wire(path, parts[1], parts[2]),
            "llamastack-recordings" => Recording(path),
            "mlflow-golden" => Golden(parts[1], parts.Length > 2 ? int.Parse(parts[2], CultureInfo.InvariantCulture) : 0),
            _ => throw new ArgumentException($"No such test data: {path}", nameof(path)),
        };
    }

    private static CaseExchange Live(string folder, string name)
    {
        var exchange = _live.GetOrAdd(folder, static folder => Fixtures.Live(folder).ToDictionary(exchange => exchange.Name))[name];
        return new(Server + exchange.Path, Text(exchange.Request), exchange.Status, exchange.ContentType, exchange.Response);
    }

    private static CaseExchange Wire(string path, string folder, string name)
    {
        var request = Fixtures.PathOf(path + ".request.json");
        var isStream = File.Exists(Fixtures.PathOf(path + ".sse"));
        var isResponses = folder is "responses" || name.Contains("responses", StringComparison.Ordinal);
        return new(
            isResponses ? Calls.ResponsesPath : Calls.ChatPath,
            File.Exists(request) ? File.ReadAllText(request) : "",
            200,
            isStream ? "text/event-stream" : "application/json",
            Fixtures.Bytes(path + (isStream ? ".sse" : ".json")));
    }

    /// <summary>What a provider's library gave, written as a provider sends it.</summary>
    private static CaseExchange Recording(string path)
    {
        var recording = JsonNode.Parse(Fixtures.Bytes(path + ".json"))!;
        var url = Server + (string)recording["request"]!["endpoint"]!;
        var request = recording["request"]!["body"]!.ToJsonString();
        return recording["response"]!["body"] is JsonArray chunks
            ? new(url, request, 200, "text/event-stream", Encoding.UTF8.GetBytes(string.Concat(chunks.Select(chunk => $"data: {chunk!["__data__"]!.ToJsonString()}\n\n"))))
            : new(url, request, 200, "application/json", Encoding.UTF8.GetBytes(recording["response"]!["body"]!["__data__"]!.ToJsonString()));
    }

    private static CaseExchange Golden(string scenario, int index)
    {
        var call = JsonNode.Parse(Fixtures.Bytes("mlflow-golden", scenario, "scenario.json"))!["calls"]![index]!;
        return new(
            Server + (string)call["path"]!,
            Text(Fixtures.Bytes("mlflow-golden", scenario, (string)call["request"]!)),
            (int)call["status"]!,
            (string?)call["content_type"],
            Fixtures.Bytes("mlflow-golden", scenario, (string)call["response"]!));
    }

    private static string Text(byte[]? bytes) => Encoding.UTF8.GetString(bytes ?? []);
}
