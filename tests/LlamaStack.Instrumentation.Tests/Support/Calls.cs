using System.Diagnostics;
using System.Text;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Makes a call through the handler, as a caller would.</summary>
internal static class Calls
{
    public const string ChatPath = "http://models.example:8321/v1/chat/completions";
    public const string ResponsesPath = "http://models.example:8321/v1/responses";
    public const string EmbeddingsPath = "http://models.example:8321/v1/embeddings";
    public const string Hello = """{"model":"m-1","messages":[{"role":"user","content":"Hello?"}]}""";

    public static GenAIInstrumentationOptions Full => new() { ContentCapture = ContentCapture.Full, AttachContent = true };

    /// <summary>Collects spans and holds their content, as an exporter does.</summary>
    public static SpanCollector Collect() => new(static span => SpanContent.Of(span)?.Hold(), LlamaStackDiagnostics.SourceName);

    public static HttpClient Client(HttpMessageHandler server, GenAIInstrumentationOptions? options = null) => new(new GenAIInstrumentationHandler(server, options ?? Full));

    public static HttpRequestMessage Post(string path, string body) => new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    /// <summary>Sends, reads all there is, and lets go.</summary>
    public static async Task<byte[]> ReadAll(HttpClient client, string path, string body, int readSize = 4096)
    {
        using var request = Post(path, body);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var all = new MemoryStream();
        var buffer = new byte[readSize];
        int read;
        while ((read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0)
        {
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }

    /// <summary>The one span of an exchange; tools that the server ran have theirs below it.</summary>
    public static Activity Only(SpanCollector spans) => spans.Spans.Single(span => span.Kind is ActivityKind.Client);

    public static string? Outputs(Activity span) => SpanContent.Of(span)?.Outputs is { } outputs ? Encoding.UTF8.GetString(outputs.Span) : null;

    public static string? Inputs(Activity span) => SpanContent.Of(span)?.Inputs is { } inputs ? Encoding.UTF8.GetString(inputs.Span) : null;

    public static T? Tag<T>(Activity span, string key) => (T?)span.GetTagItem(key);
}
