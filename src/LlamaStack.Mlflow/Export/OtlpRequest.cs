using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>An OTLP <c>ExportTraceServiceRequest</c>: what MLflow's server takes in one request.</summary>
/// <remarks>Source: <see href="https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/opentelemetry/proto/collector/trace/v1/trace_service.proto"/>.</remarks>
internal static class OtlpRequest
{
    private static readonly byte[] _scope = WriteScope();

    /// <summary>The request around spans that are written already: its parts one after the other, of which the spans are as they stand in memory.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> PartsOf(IReadOnlyList<EncodedTrace> traces)
    {
        for (var first = 0; first < traces.Count;)
        {
            var resource = traces[first].Resource;
            var (end, length) = (first, 0);
            for (; end < traces.Count && traces[end].Resource.Equals(resource); end++)
            {
                length += traces[end].Spans.Length;
            }

            yield return HeadOf(resource.Span, length);
            for (; first < end; first++)
            {
                yield return traces[first].Spans;
            }
        }
    }

    /// <summary>What stands before spans of one resource: the resource and the scope, and how long everything is.</summary>
    private static byte[] HeadOf(ReadOnlySpan<byte> resource, int spansLength)
    {
        var scopeSpansLength = _scope.Length + spansLength;
        var output = new PooledBytes();
        var writer = new ProtobufWriter(output);
        writer.Open(1, ProtobufWriter.LengthOf(resource.Length) + ProtobufWriter.LengthOf(scopeSpansLength));
        writer.Bytes(1, resource);
        writer.Open(2, scopeSpansLength);
        output.Append(_scope);
        return output.Take();
    }

    private static byte[] WriteScope()
    {
        var output = new PooledBytes();
        var writer = new ProtobufWriter(output);
        var scope = writer.Start(1);
        writer.Text(1, LlamaStackDiagnostics.SourceName);
        writer.Text(2, LlamaStackDiagnostics.Version);
        writer.End(scope);
        return output.Take();
    }
}
