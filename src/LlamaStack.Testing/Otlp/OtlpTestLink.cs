using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A link from one span to another.</summary>
public sealed class OtlpTestLink
{
    internal OtlpTestLink(string traceId, string spanId, IReadOnlyDictionary<string, JsonNode?> attributes) =>
        (TraceId, SpanId, Attributes) = (traceId, spanId, attributes);

    /// <summary>Gets the other span's trace id: 32 hexadecimal digits in lower case.</summary>
    public string TraceId { get; }

    /// <summary>Gets the other span's id: 16 hexadecimal digits in lower case.</summary>
    public string SpanId { get; }

    /// <summary>Gets the attributes.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Attributes { get; }
}
