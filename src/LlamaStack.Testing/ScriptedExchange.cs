using System.Text;

namespace LlamaStack.Testing;

/// <summary>An answer written by hand, or taken from a capture of a real server, for one request to come.</summary>
/// <remarks>Give it to <see cref="LoopbackTestServer.Enqueue"/>. A copy with changes is made by <c>with</c>.</remarks>
public sealed record ScriptedExchange
{
    /// <summary>Gets the method that the request must have.</summary>
    /// <value>Defaults to <see langword="null"/>: any.</value>
    public string? Method { get; init; }

    /// <summary>Gets the path that the request must have, escapes as sent.</summary>
    /// <value>Defaults to <see langword="null"/>: any. The query is compared only if a question mark is given here.</value>
    public string? Path { get; init; }

    /// <summary>Gets the HTTP status.</summary>
    /// <value>Defaults to 200.</value>
    public int Status { get; init; } = 200;

    /// <summary>Gets the response headers, <c>Content-Type</c> among them; lengths and framing are the server's own work.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the body that is sent whole, with its length.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Gets the parts of a streamed body, each sent and flushed as one HTTP chunk.</summary>
    /// <value>Defaults to <see langword="null"/>: <see cref="Body"/> counts.</value>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Chunks { get; init; }

    /// <summary>Gets how long the status line is held back, by the server's clock.</summary>
    public TimeSpan DelayBeforeHeaders { get; init; }

    /// <summary>Gets the pause before each chunk but the first, by the server's clock.</summary>
    public TimeSpan DelayBetweenChunks { get; init; }

    /// <summary>Gets what the status line waits for, such as the task of a <see cref="TaskCompletionSource"/>.</summary>
    /// <value>Its token is cancelled when the caller goes away or the server stops.</value>
    public Func<CancellationToken, Task>? BeforeHeaders { get; init; }

    /// <summary>Gets what a chunk waits for; called with its number from zero.</summary>
    public Func<int, CancellationToken, Task>? BeforeChunk { get; init; }

    /// <summary>Gets a value indicating whether the connection is aborted instead of any answer.</summary>
    public bool CutBeforeHeaders { get; init; }

    /// <summary>Gets a value indicating whether the connection is closed after the last chunk without the end that HTTP asks for.</summary>
    public bool CutAfterBody { get; init; }

    /// <summary>Gets after how many bytes of the body the connection is closed.</summary>
    public int? CutAfterBytes { get; init; }

    /// <summary>Makes an answer with a JSON body.</summary>
    /// <param name="path">As <see cref="Path"/>.</param>
    /// <param name="json">Sent as it is.</param>
    /// <param name="status">The HTTP status.</param>
    public static ScriptedExchange Json(string path, string json, int status = 200) => new()
    {
        Path = path,
        Status = status,
        Headers = new Dictionary<string, string> { ["content-type"] = "application/json" },
        Body = Encoding.UTF8.GetBytes(json),
    };

    /// <summary>Makes a stream of server-sent events, one HTTP chunk for each.</summary>
    /// <param name="path">As <see cref="Path"/>.</param>
    /// <param name="events">The events as they stand on the wire, each ended by an empty line.</param>
    public static ScriptedExchange Stream(string path, string events) => new()
    {
        Path = path,
        Headers = new Dictionary<string, string> { ["content-type"] = "text/event-stream; charset=utf-8" },
        Chunks = EventFrames.Split(Encoding.UTF8.GetBytes(events)),
    };

    /// <summary>Reads a captured exchange: method, path, status, headers and body; one event is one chunk, as the real server sends them.</summary>
    /// <param name="folder">A folder with <c>meta.json</c> and the bodies that it names.</param>
    /// <param name="name">The exchange's name in <c>meta.json</c>.</param>
    /// <exception cref="KeyNotFoundException">There is no exchange of that name.</exception>
    public static ScriptedExchange FromMeta(string folder, string name) => CapturedExchange.Read(folder, name);

    internal bool Matches(RecordedRequest request) =>
        (Method is null || Method == request.Method)
        && (Path is null || Path == (Path.Contains('?', StringComparison.Ordinal) ? request.PathAndQuery : request.Path));
}
