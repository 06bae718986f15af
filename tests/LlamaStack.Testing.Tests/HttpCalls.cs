using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing.Tests;

/// <summary>Sends what a test means, without a client's own ideas.</summary>
internal static class HttpCalls
{
    private static readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false });

    public static Task<HttpResponseMessage> GetAsync(this LoopbackTestServer server, string path) => server.SendAsync("GET", path, null);

    public static Task<HttpResponseMessage> PostAsync(this LoopbackTestServer server, string path, JsonNode body) =>
        server.SendAsync("POST", path, Encoding.UTF8.GetBytes(body.ToJsonString()), ("Content-Type", "application/json"));

    public static Task<HttpResponseMessage> SendAsync(this LoopbackTestServer server, string method, string path, byte[]? body, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), $"{server.Endpoint.GetLeftPart(UriPartial.Authority)}{path}");
        request.Content = body is null ? null : new ByteArrayContent(body);
        foreach (var (name, value) in headers)
        {
            HttpHeaders target = name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) ? request.Content!.Headers : request.Headers;
            target.TryAddWithoutValidation(name, value);
        }

        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Limit.Token);
    }

    public static async Task<string> TextAsync(this Task<HttpResponseMessage> sending)
    {
        using var response = await sending;
        return await response.Content.ReadAsStringAsync(Limit.Token);
    }

    public static async Task<JsonNode> JsonAsync(this Task<HttpResponseMessage> sending) => JsonNode.Parse(await sending.TextAsync())!;

    /// <summary>The frames of a stream of server-sent events, parsed.</summary>
    public static async Task<List<JsonNode>> FramesAsync(this Task<HttpResponseMessage> sending) => Frames(await sending.TextAsync());

    public static List<JsonNode> Frames(string stream) =>
        [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(static frame => JsonNode.Parse(frame["data: ".Length..])!)];
}
