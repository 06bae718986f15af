using System.Text.Json;

namespace LlamaStack.Testing;

/// <summary>Reads one entry of a capture folder's <c>meta.json</c>.</summary>
internal static class CapturedExchange
{
    private static readonly HashSet<string> _ownHeaders = new(["date", "content-length", "transfer-encoding", "connection"], StringComparer.OrdinalIgnoreCase);

    public static ScriptedExchange Read(string folder, string name)
    {
        using var meta = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "meta.json")));
        if (!meta.RootElement.TryGetProperty(name, out var entry))
        {
            throw new KeyNotFoundException($"{folder} has no exchange \"{name}\".");
        }

        var headers = entry.TryGetProperty("headers", out var given) ? given.EnumerateObject().ToList() : [];
        var body = entry.TryGetProperty("response", out var file) && file.ValueKind == JsonValueKind.String
            ? File.ReadAllBytes(Path.Combine(folder, file.GetString()!))
            : [];
        return new ScriptedExchange
        {
            Method = entry.GetProperty("method").GetString(),
            Path = entry.GetProperty("path").GetString(),
            Status = entry.GetProperty("status").GetInt32(),
            Headers = headers.Where(header => !_ownHeaders.Contains(header.Name)).ToDictionary(header => header.Name, header => header.Value.GetString()!),
            Body = body,
            Chunks = headers.Exists(IsChunked) ? EventFrames.Split(body) : null,
        };
    }

    private static bool IsChunked(JsonProperty header) =>
        header.Name.Equals("transfer-encoding", StringComparison.OrdinalIgnoreCase) && header.Value.ValueEquals("chunked");
}
