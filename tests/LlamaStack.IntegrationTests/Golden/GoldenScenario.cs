using System.Text.Json.Nodes;
using LlamaStack.Testing;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests;

/// <summary>One exchange (or several) that Python's autolog was recorded with, and what it left in MLflow.</summary>
internal sealed record GoldenScenario(string Name, string Folder, JsonNode Scenario)
{
    /// <summary>Gets the folder of the scenarios; another one of the same shape by <c>MLFLOW_GOLDEN_DIR</c>.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable("MLFLOW_GOLDEN_DIR") is { Length: > 0 } folder ? folder : Fixtures.PathOf("mlflow-golden");

    public IReadOnlyList<JsonNode> Calls => [.. Scenario["calls"]!.AsArray().Select(call => call!)];

    /// <summary>Gets a value indicating whether the second call is the client's own second try of the first.</summary>
    public bool IsRetry => Calls.Count == 2 && JsonNode.DeepEquals(JsonNode.Parse(RequestOf(0)), JsonNode.Parse(RequestOf(1)));

    /// <summary>Gets how many chunks the reader reads before it stops; null for all.</summary>
    public int? ReaderStopsAfter => Name switch
    {
        _ when Name.EndsWith("-closed-early", StringComparison.Ordinal) || Name.EndsWith("-broken-off", StringComparison.Ordinal) || Name.EndsWith("-abandoned", StringComparison.Ordinal) => 2,
        _ when Name.EndsWith("-never-read", StringComparison.Ordinal) => 0,
        _ => null,
    };

    /// <summary>Gets a value indicating whether the caller lets the stream go without closing it.</summary>
    public bool IsForgotten => Name.EndsWith("-broken-off", StringComparison.Ordinal) || Name.EndsWith("-abandoned", StringComparison.Ordinal);

    /// <summary>Gets how long the caller waits, where the server holds its answer back for longer.</summary>
    public TimeSpan? Timeout => Calls.Any(call => call["held_seconds"] is not null) ? TimeSpan.FromMilliseconds(200) : null;

    public IReadOnlyList<JsonNode> Golden => [.. Directory.EnumerateFiles(Folder, "parity*.json").Order(StringComparer.Ordinal).Select(path => JsonNode.Parse(File.ReadAllText(path))!)];

    public static IEnumerable<GoldenScenario> All() =>
        from folder in Directory.EnumerateDirectories(Root).Order(StringComparer.Ordinal)
        let file = Path.Combine(folder, "scenario.json")
        where File.Exists(file)
        select new GoldenScenario(Path.GetFileName(folder), folder, JsonNode.Parse(File.ReadAllText(file))!);

    /// <summary>Gets a value indicating whether it was recorded with autolog, and not with plain OpenTelemetry.</summary>
    public bool IsOfAutolog => !Name.StartsWith("otlp-", StringComparison.Ordinal);

    public string RequestOf(int call) => File.ReadAllText(Path.Combine(Folder, (string)Calls[call]["request"]!));

    public byte[] ResponseOf(int call) => (string?)Calls[call]["response"] is { } file ? File.ReadAllBytes(Path.Combine(Folder, file)) : [];

    /// <summary>The answer as the stub gave it: an event stream one event a write.</summary>
    public ScriptedExchange AnswerOf(int call)
    {
        var described = Calls[call];
        var body = ResponseOf(call);
        var contentType = (string)described["content_type"]!;
        var answer = new ScriptedExchange
        {
            Method = (string)described["method"]!,
            Path = (string)described["path"]!,
            Status = (int)described["status"]!,
            Headers = new Dictionary<string, string> { ["Content-Type"] = contentType },
            BeforeHeaders = described["held_seconds"] is null ? null : static cancellationToken => new TaskCompletionSource().Task.WaitAsync(cancellationToken),
            CutAfterBody = (bool?)described["connection_cut_after_body"] ?? false,
        };
        return contentType.StartsWith("text/event-stream", StringComparison.Ordinal)
            ? answer with { Chunks = [.. Events(body)] }
            : answer with { Body = body };
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Events(byte[] body)
    {
        var start = 0;
        while (start < body.Length)
        {
            var end = body.AsSpan(start).IndexOf("\n\n"u8);
            var next = end < 0 ? body.Length : start + end + 2;
            yield return body.AsMemory(start, next - start);
            start = next;
        }
    }
}
