using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>An OTLP/HTTP receiver like a Collector's: spans are decoded, metrics and logs kept as bytes.</summary>
/// <remarks>Takes protobuf and JSON, plain, gzip and deflate. A body that cannot be read is answered with status 400 and leaves nothing.</remarks>
public sealed class OtlpTestServer : LoopbackTestServer
{
    private readonly Lock _lock = new();
    private readonly List<OtlpTestSpan> _spans = [];
    private readonly List<ReadOnlyMemory<byte>> _metrics = [];
    private readonly List<ReadOnlyMemory<byte>> _logs = [];

    private OtlpTestServer(OtlpTestServerOptions options)
        : base(options.TimeProvider)
    {
    }

    /// <summary>Gets all spans so far, in the order of their arrival.</summary>
    public IReadOnlyList<OtlpTestSpan> Spans => Snapshot(_spans);

    /// <summary>Gets the decompressed bodies of <c>/v1/metrics</c>.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Metrics => Snapshot(_metrics);

    /// <summary>Gets the decompressed bodies of <c>/v1/logs</c>.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Logs => Snapshot(_logs);

    /// <summary>Starts a receiver on a free port of loopback.</summary>
    /// <param name="options">Settings; not to be changed afterwards.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<OtlpTestServer> StartAsync(OtlpTestServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new OtlpTestServer(options ?? new OtlpTestServerOptions());
        await server.ListenAsync("", cancellationToken).ConfigureAwait(false);
        return server;
    }

    /// <summary>Waits for spans, also such as have arrived already.</summary>
    /// <param name="count">How many, at least.</param>
    /// <param name="predicate">Which spans count; all if omitted.</param>
    /// <param name="cancellationToken">Give one with a time limit: without it the wait has no end.</param>
    /// <returns>All spans that match, by then perhaps more than asked for.</returns>
    public Task<IReadOnlyList<OtlpTestSpan>> WaitForSpansAsync(int count, Predicate<OtlpTestSpan>? predicate = null, CancellationToken cancellationToken = default) =>
        Changes.UntilAsync<IReadOnlyList<OtlpTestSpan>>(
            () =>
            {
                var matching = Spans.Where(span => predicate?.Invoke(span) ?? true).ToList();
                return matching.Count >= count ? matching : null;
            },
            cancellationToken);

    private protected override Task AnswerAsync(Call call)
    {
        if (call.Request.Method != "POST" || call.Request.Path is not ("/v1/traces" or "/v1/metrics" or "/v1/logs"))
        {
            call.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        var json = call.Http.Request.HasJsonBody();
        try
        {
            Keep(call.Request.Path, OtlpCompression.Expand(call.Request.Body, call.Http.Request.Headers.ContentEncoding.ToString()), json);
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or NotSupportedException)
        {
            call.Response.StatusCode = StatusCodes.Status400BadRequest;
            return call.Response.WriteAsync(unreadable.Message, call.Aborted);
        }

        Changes.Beat();
        call.Response.ContentType = json ? "application/json" : "application/x-protobuf";
        return json ? call.Response.WriteAsync(new JsonObject { ["partialSuccess"] = new JsonObject() }.ToJsonString(), call.Aborted) : Task.CompletedTask;
    }

    private void Keep(string path, ReadOnlyMemory<byte> body, bool json)
    {
        var spans = path == "/v1/traces" ? OtlpExport.Decode(body, json, Convert.ToBase64String).Spans : [];
        lock (_lock)
        {
            _spans.AddRange(spans);
            switch (path)
            {
                case "/v1/metrics":
                    _metrics.Add(body);
                    break;
                case "/v1/logs":
                    _logs.Add(body);
                    break;
            }
        }
    }

    private IReadOnlyList<T> Snapshot<T>(List<T> list)
    {
        lock (_lock)
        {
            return [.. list];
        }
    }
}
