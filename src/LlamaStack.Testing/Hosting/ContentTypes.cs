using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>The content type as the server reads it.</summary>
internal static class ContentTypes
{
    public static bool HasJsonBody(this HttpRequest request) =>
        request.ContentType?.Split(';')[0].Trim() is { } type && (type == "application/json" || type.EndsWith("+json", StringComparison.Ordinal));
}
