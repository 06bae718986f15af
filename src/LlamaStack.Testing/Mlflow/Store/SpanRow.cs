namespace LlamaStack.Testing;

/// <summary>A stored span: as it was sent, its attributes as JSON text after translation, and the column <c>type</c>.</summary>
internal sealed record SpanRow(OtlpTestSpan Sent, StoredAttributes Attributes, string? Type)
{
    public string SpanId => Sent.SpanId;

    public string? ParentSpanId => Sent.ParentSpanId;

    public long StartMilliseconds => (long)(Sent.StartUnixNano / UnixNano.PerMillisecond);

    public long EndMilliseconds => (long)(Sent.EndUnixNano / UnixNano.PerMillisecond);
}
