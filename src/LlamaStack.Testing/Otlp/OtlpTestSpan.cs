using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A span as it was exported, with the resource and the scope it came under.</summary>
/// <remarks>Attribute values are JSON: strings, numbers, booleans, arrays, objects (key-value lists), null (unset) and, for bytes, base64 text.</remarks>
public sealed class OtlpTestSpan
{
    private static readonly IReadOnlyDictionary<string, JsonNode?> _none = new Dictionary<string, JsonNode?>();

    internal OtlpTestSpan()
    {
    }

    /// <summary>Gets the trace id: 32 hexadecimal digits in lower case.</summary>
    public string TraceId { get; internal set; } = "";

    /// <summary>Gets the span id: 16 hexadecimal digits in lower case.</summary>
    public string SpanId { get; internal set; } = "";

    /// <summary>Gets the parent's span id.</summary>
    /// <value><see langword="null"/> for a root.</value>
    public string? ParentSpanId { get; internal set; }

    /// <summary>Gets the name.</summary>
    public string Name { get; internal set; } = "";

    /// <summary>Gets the kind; an unspecified one reads as internal.</summary>
    public ActivityKind Kind { get; internal set; }

    /// <summary>Gets the start.</summary>
    public DateTimeOffset Start => UnixNano.ToTime(StartUnixNano);

    /// <summary>Gets the end.</summary>
    public DateTimeOffset End => UnixNano.ToTime(EndUnixNano);

    /// <summary>Gets the status.</summary>
    public ActivityStatusCode Status { get; internal set; }

    /// <summary>Gets the status description.</summary>
    /// <value>Empty if none was sent.</value>
    public string StatusMessage { get; internal set; } = "";

    /// <summary>Gets the vendor-specific trace state.</summary>
    /// <value>Empty if none was sent.</value>
    public string TraceState { get; internal set; } = "";

    /// <summary>Gets the attributes.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Attributes { get; internal set; } = _none;

    /// <summary>Gets the events, in the order sent.</summary>
    public IReadOnlyList<OtlpTestEvent> Events { get; internal set; } = [];

    /// <summary>Gets the links, in the order sent.</summary>
    public IReadOnlyList<OtlpTestLink> Links { get; internal set; } = [];

    /// <summary>Gets the attributes of the resource.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Resource { get; internal set; } = _none;

    /// <summary>Gets the name of the instrumentation scope: the activity source's name.</summary>
    public string ScopeName { get; internal set; } = "";

    /// <summary>Gets the version of the instrumentation scope.</summary>
    public string ScopeVersion { get; internal set; } = "";

    internal ulong StartUnixNano { get; set; }

    internal ulong EndUnixNano { get; set; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {TraceId}/{SpanId}";
}
