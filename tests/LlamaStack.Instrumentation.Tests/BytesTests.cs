using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>What the caller reads is what the server sent; and what is recorded does not depend on where the network cut it.</summary>
public sealed class BytesTests
{
    private static readonly string[] _folders = ["chat", "completions", "embeddings", "responses", "llama-stack-0.7.3"];

    public static TheoryData<string> Streams()
    {
        var live = _folders.SelectMany(Fixtures.Live).Where(exchange => exchange.Method == "POST" && exchange.IsStream).Select(exchange => $"llamastack-live/{exchange.Folder}/{exchange.Name}.response.sse");
        var others = new[] { "llamastack-wire", "mlflow-golden" }
            .SelectMany(folder => Directory.EnumerateFiles(Fixtures.PathOf(folder), "*.sse", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Fixtures.Root, path));
        return [.. live.Where(path => File.Exists(Fixtures.PathOf(path))).Concat(others).Order(StringComparer.Ordinal)];
    }

    public static TheoryData<string, string> PlainAnswers() =>
        [.. _folders.SelectMany(Fixtures.Live).Where(exchange => exchange.Method == "POST" && !exchange.IsStream && exchange.Response.Length > 0).Select(exchange => (exchange.Folder, exchange.Name))];

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task A_stream_passes_unchanged_however_it_is_cut(string file)
    {
        var body = File.ReadAllBytes(Fixtures.PathOf(file));
        var path = file.Contains("responses", StringComparison.Ordinal) ? Calls.ResponsesPath : Calls.ChatPath;
        var whole = await Record(path, [body], 1 << 20);
        await Gen.Select(Gen.Int[0, Math.Max(body.Length, 1)].Array[0, 12], Gen.Int[1, 700])
            .SampleAsync(async (cuts, readSize) => Assert.Equal(whole, await Record(path, Cut(body, cuts), readSize)), iter: 12, threads: 1);
    }

    [Theory]
    [MemberData(nameof(PlainAnswers))]
    public async Task A_plain_answer_passes_unchanged(string folder, string name)
    {
        var exchange = Fixtures.Live(folder, name);
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Answer([exchange.Response], exchange.ContentType, (System.Net.HttpStatusCode)exchange.Status)));

        var read = await Calls.ReadAll(client, "http://models.example" + exchange.Path, Encoding.UTF8.GetString(exchange.Request ?? "{}"u8.ToArray()), readSize: 97);

        Assert.Equal(exchange.Response, read);
    }

    [Theory]
    [InlineData("chat", "plain")]
    [InlineData("chat", "n2")]
    [InlineData("chat", "tools-parallel")]
    [InlineData("completions", "multi")]
    [InlineData("embeddings", "batch")]
    [InlineData("embeddings", "base64")]
    [InlineData("responses", "plain")]
    [InlineData("responses", "function-call")]
    public async Task An_answer_that_is_cut_anywhere_says_nothing_that_the_whole_one_does_not(string folder, string name)
    {
        var exchange = Fixtures.Live(folder, name);
        var length = exchange.Response.Length;
        Activity? span = null;
        using var spans = new SpanCollector(ended => span = ended, LlamaStackDiagnostics.SourceName);
        using var client = Calls.Client(new StubServer(_ => StubServer.Answer([exchange.Response[..length]], exchange.ContentType)), new() { ContentCapture = ContentCapture.Full, AttachContent = true, WriteMessages = false });
        var whole = await Attributes();
        while (--length >= 0)
        {
            Assert.All((await Attributes()).Where(attribute => !attribute.StartsWith("error.type", StringComparison.Ordinal) && !attribute.StartsWith("http.", StringComparison.Ordinal)), attribute =>
                Assert.Contains(whole, told => told.StartsWith(attribute, StringComparison.Ordinal)));
        }

        async Task<List<string>> Attributes()
        {
            await Calls.ReadAll(client, "http://models.example" + exchange.Path, Calls.Hello);
            return [.. span!.TagObjects.Select(tag => $"{tag.Key}={(tag.Value is string[] texts ? string.Join(' ', texts) : tag.Value + ";")}")];
        }
    }

    [Fact]
    public async Task The_request_passes_unchanged_and_is_recorded_as_it_is()
    {
        using var spans = Calls.Collect();
        var server = new StubServer(_ => StubServer.Json("{}"));
        using var client = Calls.Client(server);
        foreach (var exchange in _folders.SelectMany(Fixtures.Live).Where(exchange => exchange is { Method: "POST", Request: not null } && exchange.Path.EndsWith("chat/completions", StringComparison.Ordinal)))
        {
            var body = Encoding.UTF8.GetString(exchange.Request!);
            await Calls.ReadAll(client, Calls.ChatPath, body);

            Assert.Equal(body, server.Requests[^1].Body);
            Assert.Equal(body, Calls.Inputs(spans.Spans[^1]));
        }
    }

    private static async Task<string> Record(string path, IReadOnlyList<byte[]> pieces, int readSize)
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Answer(pieces, "text/event-stream; charset=utf-8")));
        var read = await Calls.ReadAll(client, path, """{"model":"m-1","stream":true}""", readSize);
        Assert.Equal(pieces.SelectMany(piece => piece), read);
        var span = Calls.Only(spans);
        var outputs = Calls.Outputs(span);
        if (outputs is not null)
        {
            Assert.NotNull(JsonNode.Parse(outputs));
        }

        return $"{span.Status} {span.StatusDescription} {string.Join(' ', Calls.Tag<string[]>(span, "gen_ai.response.finish_reasons") ?? [])} {span.GetTagItem("gen_ai.usage.output_tokens")} {outputs}";
    }

    private static List<byte[]> Cut(byte[] body, int[] cuts)
    {
        List<byte[]> pieces = [];
        var start = 0;
        foreach (var cut in cuts.Append(body.Length).Select(cut => Math.Min(cut, body.Length)).Order())
        {
            if (cut > start)
            {
                pieces.Add(body[start..cut]);
                start = cut;
            }
        }

        return pieces;
    }
}
