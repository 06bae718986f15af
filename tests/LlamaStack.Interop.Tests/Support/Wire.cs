using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using LlamaStack.Testing;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Interop.Tests;

/// <summary>What went over the wire of a LlamaStack server, whatever anybody makes of it: the calls, and the tokens that each answer tells.</summary>
internal sealed class Wire
{
    private readonly ConcurrentQueue<MemoryStream> _answers = new();
    private readonly LlamaStackTestServer _server;

    private Wire(LlamaStackTestServer server) => _server = server;

    /// <summary>Gets how many calls of models and searches have reached the server.</summary>
    public int Calls => _server.Requests.Count(request => request.Method == "POST");

    /// <summary>Gets the tokens of all answers together: input, output.</summary>
    public (long Input, long Output) Tokens => _answers.Select(Usage).Aggregate((0L, 0L), static (sum, usage) => (sum.Item1 + usage.Input, sum.Item2 + usage.Output));

    public static Wire Of(LlamaStackTestServer server)
    {
        var wire = new Wire(server);
        server.Intercept = context =>
        {
            var copy = new MemoryStream();
            wire._answers.Enqueue(copy);
            context.Response.Body = new Copied(context.Response.Body, copy);
            return Task.FromResult(false);
        };
        return wire;
    }

    private static (long Input, long Output) Usage(MemoryStream answer)
    {
        var text = Encoding.UTF8.GetString(answer.ToArray());
        var documents = text.StartsWith('{') ? [text] : text.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => line[6..]);
        var usage = documents.Select(json => JsonNode.Parse(json)!).Select(json => json["usage"] ?? json["response"]?["usage"]).LastOrDefault(usage => usage is not null);
        return ((long?)(usage?["prompt_tokens"] ?? usage?["input_tokens"]) ?? 0, (long?)(usage?["completion_tokens"] ?? usage?["output_tokens"]) ?? 0);
    }

    private sealed class Copied(Stream inner, MemoryStream copy) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            copy.Write(buffer, offset, count);
            inner.Write(buffer, offset, count);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            copy.Write(buffer.Span);
            await inner.WriteAsync(buffer, cancellationToken);
        }
    }
}
