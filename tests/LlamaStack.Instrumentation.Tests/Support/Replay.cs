using System.Net;
using System.Net.Http.Headers;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Plays an exchange that was recorded with a real server through the handler again.</summary>
internal static class Replay
{
    /// <summary>Sends the request, and reads all that the server answered.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="options">What is recorded.</param>
    /// <param name="readUntil">A text in the stream behind which its reader leaves; null reads all.</param>
    public static async Task<byte[]> Run(LiveExchange exchange, GenAIInstrumentationOptions? options = null, string? readUntil = null)
    {
        using var client = Calls.Client(new StubServer(_ => Answer(exchange)), options);
        using var request = new HttpRequestMessage(new HttpMethod(exchange.Method), "http://models.example:8321" + exchange.Path);
        if (exchange.Request is { } body)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var all = new MemoryStream();
        var buffer = new byte[65536];
        int read;
        while ((read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0)
        {
            all.Write(buffer, 0, read);
            if (readUntil is not null && System.Text.Encoding.UTF8.GetString(all.ToArray()).Contains(readUntil, StringComparison.Ordinal))
            {
                break;
            }
        }

        return all.ToArray();
    }

    private static HttpResponseMessage Answer(LiveExchange exchange)
    {
        // A stream comes frame by frame, as it was recorded.
        List<byte[]> pieces = [];
        var rest = exchange.Response.AsSpan();
        while (exchange.IsStream && rest.IndexOf("\n\n"u8) is >= 0 and var end)
        {
            pieces.Add(rest[..(end + 2)].ToArray());
            rest = rest[(end + 2)..];
        }

        pieces.Add(rest.ToArray());
        return StubServer.Answer(pieces, exchange.ContentType, (HttpStatusCode)exchange.Status);
    }
}
