using System.Text.Json;

namespace LlamaStack.TestSupport;

/// <summary>What a real server answered to what, byte for byte.</summary>
public sealed record LiveExchange(string Folder, string Name, string Method, string Path, byte[]? Request, int Status, string? ContentType, byte[] Response)
{
    public bool IsStream => ContentType?.StartsWith("text/event-stream", StringComparison.Ordinal) == true;

    internal static LiveExchange Read(string folder, string name, JsonElement meta)
    {
        byte[] FileOf(string property) => meta.TryGetProperty(property, out var file) && file.ValueKind is JsonValueKind.String
            ? Fixtures.Bytes("llamastack-live", folder, file.GetString()!)
            : [];
        string? contentType = null;
        if (meta.TryGetProperty("headers", out var headers))
        {
            foreach (var header in Headers(headers))
            {
                if (header.Name.Equals("content-type", StringComparison.OrdinalIgnoreCase))
                {
                    contentType = header.Value;
                }
            }
        }

        var request = FileOf("request");
        return new LiveExchange(
            folder, name, meta.GetProperty("method").GetString()!, meta.GetProperty("path").GetString()!, request.Length == 0 ? null : request,
            meta.GetProperty("status").GetInt32(), contentType, FileOf("response"));
    }

    private static IEnumerable<(string Name, string Value)> Headers(JsonElement headers) => headers.ValueKind is JsonValueKind.Object
        ? headers.EnumerateObject().Select(header => (header.Name, header.Value.ToString()))
        : headers.EnumerateArray().Select(header => (header[0].GetString()!, header[1].GetString()!));
}
