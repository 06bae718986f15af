using System.Net;
using System.Text;
using System.Text.Json;

namespace LlamaStack.Client;

/// <summary>What an error says, in whichever of the server's shapes.</summary>
/// <remarks>Seen: <c>{"error":{"message","code"?}}</c>, <c>{"detail": text}</c> (Responses and conversations), <c>{"error":{"detail": text or object}}</c>
/// (0.2 to 0.5), <c>{"error":{"status_code","message"}}</c> (streams of 0.5), <c>{"type":"error","code","message"}</c> (Responses streams),
/// <c>{"error": text}</c> and <c>{"object":"error","message"}</c> (gateways and model servers).</remarks>
internal readonly record struct ErrorBody(string? Message, string? Code)
{
    /// <summary>The most characters kept; the server's validation errors can be 8 KB long.</summary>
    private const int Longest = 2_000;

    /// <summary>Gets the HTTP status that the code stands for, if it does.</summary>
    public HttpStatusCode? Status => int.TryParse(Code, out var status) && status is >= 400 and < 600 ? (HttpStatusCode)status : null;

    public static ErrorBody Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            var text = Encoding.UTF8.GetString(body).Trim();
            return new(text.Length == 0 || text.StartsWith('<') ? null : Cap(text), null);
        }
    }

    /// <summary>Whether a frame of a stream is an error, and which.</summary>
    public static bool IsErrorFrame(ReadOnlySpan<byte> frame, out ErrorBody error)
    {
        error = default;
        if (frame.IndexOf("\"error\""u8) < 0)
        {
            return false;
        }

        var reader = new Utf8JsonReader(frame);
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var isError = root.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
            ? type.ValueEquals("error"u8)
            : (root.TryGetProperty("error", out var inner) && inner.ValueKind is JsonValueKind.Object or JsonValueKind.String)
                || (root.TryGetProperty("object", out var kind) && kind.ValueKind == JsonValueKind.String && kind.ValueEquals("error"u8));
        if (isError)
        {
            error = Read(root);
        }

        return isError;
    }

    public static ErrorBody Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return new(Text(body), null);
        }

        var error = body.TryGetProperty("error", out var inner) && inner.ValueKind != JsonValueKind.Null ? inner : body;
        return error.ValueKind == JsonValueKind.Object
            ? new(Member(error, "message") ?? Member(error, "detail") ?? Member(body, "message"), Member(error, "code") ?? Member(error, "status_code"))
            : new(Text(error), Member(body, "code"));
    }

    private static string? Member(JsonElement body, string name) => body.TryGetProperty(name, out var value) ? Text(value) : null;

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => Cap(value.GetString()!),
        _ => Cap(value.GetRawText()),
    };

    private static string? Cap(string text) => text.Length switch
    {
        0 => null,
        <= Longest => text,
        _ => string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[Longest - 2]) ? Longest - 2 : Longest - 1), "…"),
    };
}
