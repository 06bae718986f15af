using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>
/// A file of <c>Cases</c>: an exchange, how it ends, and the span it must give. The exchange is one of the test data (<c>exchange</c>), or the file tells it itself
/// (<c>url</c>, <c>request</c>, <c>status</c>, <c>headers</c>, and <c>response</c>, <c>events</c> or <c>text</c>), or both. An event that is a text is no JSON. <c>ending</c> is one of <see cref="CaseCaller"/>'s,
/// after so many pieces of the answer: the events of a stream, the thirds of anything else. <c>span</c> is null where there must be none.
/// </summary>
internal sealed class SpanCase
{
    private static readonly string _folder = Path.Combine(Fixtures.Root, "..", "LlamaStack.Instrumentation.Tests", "Cases");

    public static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonObject _file;
    private readonly string _path;

    private SpanCase(string name)
    {
        _path = Path.Combine(_folder, name + ".json");
        _file = JsonNode.Parse(File.ReadAllBytes(_path))!.AsObject();
        var exchange = _file["exchange"] is { } found ? CaseExchange.Of((string)found!) : null;
        Url = (string?)_file["url"] ?? exchange!.Url;
        Request = (string?)_file["requestText"] ?? _file["request"]?.ToJsonString() ?? exchange!.Request;
        Status = (HttpStatusCode)((int?)_file["status"] ?? exchange?.Status ?? 200);
        ContentType = exchange is not null ? exchange.ContentType
            : _file["events"] is not null ? "text/event-stream; charset=utf-8"
            : _file["text"] is not null ? "text/html" : "application/json";
        IsStream = (int)Status < 400 && ContentType?.StartsWith("text/event-stream", StringComparison.Ordinal) == true;
        Pieces = IsStream ? Events(exchange) : Thirds(exchange?.Body ?? Encoding.UTF8.GetBytes((string?)_file["text"] ?? _file["response"]!.ToJsonString()));
        Ending = (string?)_file["ending"];
        After = (int?)_file["after"] ?? Pieces.Count;
        Span = _file["span"] as JsonObject;
    }

    public static IEnumerable<string> Names => Directory.EnumerateFiles(_folder, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal);

    public string Url { get; }

    public string Request { get; }

    public HttpStatusCode Status { get; }

    public string? ContentType { get; }

    public bool IsStream { get; }

    /// <summary>Gets the answer's body as it comes, one piece a read.</summary>
    public IReadOnlyList<byte[]> Pieces { get; }

    public string? Ending { get; }

    /// <summary>Gets how many pieces come, or are read, before the ending.</summary>
    public int After { get; }

    public JsonObject? Span { get; }

    public static SpanCase Read(string name) => new(name);

    public HttpResponseMessage Answer()
    {
        var pieces = Ending is CaseCaller.Cut or CaseCaller.EndsEarly ? [.. Pieces.Take(After)] : Pieces;
        var response = StubServer.Answer(pieces, ContentType, Status, Ending is CaseCaller.Cut ? new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely.") : null);
        if (!IsStream)
        {
            response.Content.Headers.ContentLength = Pieces.Sum(piece => piece.Length);
        }

        foreach (var (header, value) in _file["headers"]?.AsObject() ?? [])
        {
            response.Headers.TryAddWithoutValidation(header, (string)value!);
        }

        return response;
    }

    /// <summary>Writes the file anew with another span, in the form it had: what fits on a line stands on one.</summary>
    public void Rewrite(JsonObject? span)
    {
        _file["span"] = span?.DeepClone();
        var text = new StringBuilder();
        Write(text, _file, 0);
        File.WriteAllText(_path, text.Append('\n').ToString());
    }

    private static void Write(StringBuilder text, JsonNode? node, int depth)
    {
        var line = JsonSerializer.Serialize(node, Readable);
        if (node is not (JsonObject or JsonArray) || line.Length + (2 * depth) <= 140)
        {
            text.Append(line);
            return;
        }

        var (open, close) = node is JsonObject ? ('{', '}') : ('[', ']');
        var separator = open + "\n";
        IEnumerable<(string? Name, JsonNode? Value)> members = node is JsonObject whole ? whole.Select(member => ((string?)member.Key, member.Value)) : node.AsArray().Select(element => ((string?)null, element));
        foreach (var (name, value) in members)
        {
            text.Append(separator).Append(' ', 2 * (depth + 1));
            if (name is not null)
            {
                text.Append('"').Append(name).Append("\": ");
            }

            Write(text, value, depth + 1);
            separator = ",\n";
        }

        text.Append('\n').Append(' ', 2 * depth).Append(close);
    }

    private List<byte[]> Events(CaseExchange? exchange)
    {
        if (exchange is null)
        {
            return [.. _file["events"]!.AsArray().Select(data => Encoding.UTF8.GetBytes($"data: {(data!.GetValueKind() is JsonValueKind.String ? (string?)data : data.ToJsonString())}\n\n"))];
        }

        List<byte[]> events = [];
        for (var start = 0; start < exchange.Body.Length;)
        {
            var end = exchange.Body.AsSpan(start).IndexOf("\n\n"u8);
            var length = end < 0 ? exchange.Body.Length - start : end + 2;
            events.Add(exchange.Body[start..(start + length)]);
            start += length;
        }

        return events;
    }

    private static List<byte[]> Thirds(byte[] body) => [.. body.Chunk(Math.Max(1, (body.Length + 2) / 3))];
}
