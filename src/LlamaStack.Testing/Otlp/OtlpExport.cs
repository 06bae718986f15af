namespace LlamaStack.Testing;

/// <summary>An export request, decoded. <see cref="Resources"/> counts also those without spans.</summary>
internal sealed record OtlpExport(IReadOnlyList<OtlpTestSpan> Spans, int Resources)
{
    /// <param name="body">The message, decompressed.</param>
    /// <param name="json">In the JSON encoding of OTLP instead of protobuf.</param>
    /// <param name="bytesAsText">What a value of type bytes becomes, as JSON has none.</param>
    /// <exception cref="InvalidDataException">The body is no export request.</exception>
    public static OtlpExport Decode(ReadOnlyMemory<byte> body, bool json, Func<byte[], string> bytesAsText) =>
        json ? new OtlpJson(bytesAsText).Decode(body) : new OtlpProtobuf(bytesAsText).Decode(body.Span);
}
