using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlamaStack.Testing;

/// <summary>A request as it arrived.</summary>
public sealed class RecordedRequest
{
    private RecordedRequest(string method, string pathAndQuery, IReadOnlyDictionary<string, string> headers, byte[] body)
    {
        Method = method;
        PathAndQuery = pathAndQuery;
        Headers = headers;
        Body = body;
    }

    /// <summary>Gets the method, in capitals.</summary>
    public string Method { get; }

    /// <summary>Gets the request target exactly as sent, escapes and query included.</summary>
    public string PathAndQuery { get; }

    /// <summary>Gets the request target up to its query, escapes as sent.</summary>
    public string Path => PathAndQuery.Split('?', 2)[0];

    /// <summary>Gets the headers; names in any case, several values of one joined by a comma and a blank.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>Gets the body as it came over the wire, still compressed if it was sent so.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Gets the body read as UTF-8.</summary>
    public string BodyText => Encoding.UTF8.GetString(Body.Span);

    /// <summary>Parses the body as JSON.</summary>
    /// <returns>A tree of its own at each call.</returns>
    /// <exception cref="System.Text.Json.JsonException">The body is something else.</exception>
    public JsonNode? ReadJson() => JsonNode.Parse(Body.Span);

    /// <inheritdoc/>
    public override string ToString() => $"{Method} {PathAndQuery}";

    internal static async Task<RecordedRequest> ReadAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
        body.Position = 0;
        context.Request.Body = body;
        var headers = context.Request.Headers.ToDictionary(
            static header => header.Key, static header => string.Join(", ", header.Value.ToArray()), StringComparer.OrdinalIgnoreCase);
        return new RecordedRequest(context.Request.Method, target, headers, body.ToArray());
    }
}
