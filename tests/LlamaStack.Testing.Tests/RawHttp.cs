using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace LlamaStack.Testing.Tests;

/// <summary>An exchange as bytes, to see what a client hides: the chunks of a body, and whether it came to its end.</summary>
internal sealed record RawHttp(string Head, IReadOnlyList<string> Chunks, bool Complete)
{
    public static async Task<RawHttp> PostAsync(Uri endpoint, string path, string body)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(endpoint.Host, endpoint.Port, Limit.Token);
        var stream = client.GetStream();
        var request = $"POST {path} HTTP/1.1\r\nHost: {endpoint.Authority}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request), Limit.Token);
        using var received = new MemoryStream();
        await stream.CopyToAsync(received, Limit.Token);
        return Parse(received.ToArray());
    }

    private static RawHttp Parse(byte[] bytes)
    {
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        var chunks = new List<string>();
        for (var at = end + 4; at < bytes.Length;)
        {
            var line = bytes.AsSpan(at).IndexOf("\r\n"u8);
            var length = int.Parse(Encoding.ASCII.GetString(bytes, at, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (length == 0)
            {
                return new RawHttp(Encoding.ASCII.GetString(bytes, 0, end), chunks, Complete: true);
            }

            at += line + 2;
            chunks.Add(Encoding.UTF8.GetString(bytes, at, length));
            at += length + 2;
        }

        return new RawHttp(Encoding.ASCII.GetString(bytes, 0, end), chunks, Complete: false);
    }
}
