using System.IO.Compression;
using System.Text;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class OtlpTestServerTests
{
    private static readonly (string, string) _protobuf = ("Content-Type", "application/x-protobuf");

    [Theory]
    [InlineData(null)]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task Spans_are_kept_with_resource_and_scope(string? encoding)
    {
        await using var server = await OtlpTestServer.StartAsync(cancellationToken: Limit.Token);
        var body = Compress(OtlpWriter.Export([new SentSpan("work", ("k", "v"))], ("service.name", "svc")), encoding);

        using var response = await server.SendAsync("POST", "/v1/traces", body, encoding is null ? [_protobuf] : [_protobuf, ("Content-Encoding", encoding)]);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("application/x-protobuf", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(0, response.Content.Headers.ContentLength);
        var span = Assert.Single(server.Spans);
        Assert.Equal(("work", "v", "svc", "tests"), (span.Name, span.Attributes["k"]!.ToString(), span.Resource["service.name"]!.ToString(), span.ScopeName));
    }

    [Fact]
    public async Task A_wait_ends_when_enough_spans_match()
    {
        await using var server = await OtlpTestServer.StartAsync(cancellationToken: Limit.Token);
        var trace = new SentSpan("a");
        var waiting = server.WaitForSpansAsync(2, span => span.TraceId == trace.TraceId, Limit.Token);

        await server.SendAsync("POST", "/v1/traces", OtlpWriter.Export([trace, new SentSpan("other")]), _protobuf).TextAsync();
        Assert.False(waiting.IsCompleted);
        await server.SendAsync("POST", "/v1/traces", OtlpWriter.Export([trace.Child("b")]), _protobuf).TextAsync();

        Assert.Equal(["a", "b"], (await waiting).Select(static span => span.Name));
    }

    [Fact]
    public async Task Metrics_and_logs_are_kept_as_bytes()
    {
        await using var server = await OtlpTestServer.StartAsync(cancellationToken: Limit.Token);

        await server.SendAsync("POST", "/v1/metrics", Compress([1, 2, 3], "gzip"), _protobuf, ("Content-Encoding", "gzip")).TextAsync();
        await server.SendAsync("POST", "/v1/logs", [4], _protobuf).TextAsync();

        Assert.Equal([1, 2, 3], Assert.Single(server.Metrics).ToArray());
        Assert.Equal([4], Assert.Single(server.Logs).ToArray());
        Assert.Empty(server.Spans);
    }

    [Fact]
    public async Task JSON_is_answered_in_JSON()
    {
        await using var server = await OtlpTestServer.StartAsync(cancellationToken: Limit.Token);
        var body = Encoding.UTF8.GetBytes(Fixtures.Read("mlflow-rest", "otlp-tool-chat.otlp.json").ToJsonString());

        var answer = await server.SendAsync("POST", "/v1/traces", body, ("Content-Type", "application/json")).TextAsync();

        Assert.Equal("""{"partialSuccess":{}}""", answer);
        Assert.Equal(4, server.Spans.Count);
    }

    [Theory]
    [InlineData("/v1/traces", "text", null, 400)]
    [InlineData("/v1/traces", "", "br", 400)]
    [InlineData("/v1/traces", "text", "gzip", 400)]
    [InlineData("/v1/nope", "", null, 404)]
    public async Task What_cannot_be_read_is_refused(string path, string body, string? encoding, int status)
    {
        await using var server = await OtlpTestServer.StartAsync(cancellationToken: Limit.Token);

        using var response = await server.SendAsync("POST", path, Encoding.UTF8.GetBytes(body), encoding is null ? [_protobuf] : [_protobuf, ("Content-Encoding", encoding)]);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Empty(server.Spans);
    }

    private static byte[] Compress(byte[] body, string? encoding)
    {
        using var target = new MemoryStream();
        using (Stream stream = encoding switch { "gzip" => new GZipStream(target, CompressionMode.Compress), "deflate" => new ZLibStream(target, CompressionMode.Compress), _ => target })
        {
            stream.Write(body);
        }

        return target.ToArray();
    }
}
