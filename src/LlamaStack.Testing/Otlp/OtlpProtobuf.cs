using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Decodes the protobuf encoding of an OTLP trace export, opentelemetry-proto 1.x; fields that nobody asks for are passed over.</summary>
internal sealed class OtlpProtobuf(Func<byte[], string> bytesAsText)
{
    private readonly OtlpProtobufValues _values = new(bytesAsText);
    private readonly List<OtlpTestSpan> _spans = [];

    public OtlpExport Decode(ReadOnlySpan<byte> message)
    {
        var resources = 0;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader is { Field: 1, Type: WireType.Bytes })
            {
                resources++;
                ReadResourceSpans(reader.Bytes);
            }
        }

        return new OtlpExport(_spans, resources);
    }

    private void ReadResourceSpans(ReadOnlySpan<byte> message)
    {
        var resource = new Dictionary<string, JsonNode?>();
        var first = _spans.Count;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Bytes):
                    ReadResource(reader.Bytes, resource);
                    break;
                case (2, WireType.Bytes):
                    ReadScopeSpans(reader.Bytes);
                    break;
            }
        }

        foreach (var span in _spans.Skip(first))
        {
            span.Resource = resource;
        }
    }

    private void ReadResource(ReadOnlySpan<byte> message, Dictionary<string, JsonNode?> attributes)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader is { Field: 1, Type: WireType.Bytes })
            {
                _values.AddAttribute(attributes, reader.Bytes);
            }
        }
    }

    private void ReadScopeSpans(ReadOnlySpan<byte> message)
    {
        var (name, version) = ("", "");
        var first = _spans.Count;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Bytes):
                    (name, version) = ReadScope(reader.Bytes);
                    break;
                case (2, WireType.Bytes):
                    _spans.Add(ReadSpan(reader.Bytes));
                    break;
            }
        }

        foreach (var span in _spans.Skip(first))
        {
            (span.ScopeName, span.ScopeVersion) = (name, version);
        }
    }

    private static (string Name, string Version) ReadScope(ReadOnlySpan<byte> message)
    {
        var (name, version) = ("", "");
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Bytes):
                    name = reader.Text();
                    break;
                case (2, WireType.Bytes):
                    version = reader.Text();
                    break;
            }
        }

        return (name, version);
    }

    private OtlpTestSpan ReadSpan(ReadOnlySpan<byte> message)
    {
        var span = new OtlpTestSpan();
        var attributes = new Dictionary<string, JsonNode?>();
        var events = new List<OtlpTestEvent>();
        var links = new List<OtlpTestLink>();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Bytes):
                    span.TraceId = Convert.ToHexStringLower(reader.Bytes);
                    break;
                case (2, WireType.Bytes):
                    span.SpanId = Convert.ToHexStringLower(reader.Bytes);
                    break;
                case (3, WireType.Bytes):
                    span.TraceState = reader.Text();
                    break;
                case (4, WireType.Bytes):
                    span.ParentSpanId = reader.Bytes.IsEmpty ? null : Convert.ToHexStringLower(reader.Bytes);
                    break;
                case (5, WireType.Bytes):
                    span.Name = reader.Text();
                    break;
                case (6, WireType.Varint):
                    span.Kind = OtlpEnums.Kind(reader.Number);
                    break;
                case (7, WireType.Fixed64):
                    span.StartUnixNano = reader.Number;
                    break;
                case (8, WireType.Fixed64):
                    span.EndUnixNano = reader.Number;
                    break;
                case (9, WireType.Bytes):
                    _values.AddAttribute(attributes, reader.Bytes);
                    break;
                case (11, WireType.Bytes):
                    events.Add(ReadEvent(reader.Bytes));
                    break;
                case (13, WireType.Bytes):
                    links.Add(ReadLink(reader.Bytes));
                    break;
                case (15, WireType.Bytes):
                    (span.Status, span.StatusMessage) = ReadStatus(reader.Bytes);
                    break;
            }
        }

        (span.Attributes, span.Events, span.Links) = (attributes, events, links);
        return span;
    }

    private OtlpTestEvent ReadEvent(ReadOnlySpan<byte> message)
    {
        var (name, time) = ("", 0ul);
        var attributes = new Dictionary<string, JsonNode?>();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Fixed64):
                    time = reader.Number;
                    break;
                case (2, WireType.Bytes):
                    name = reader.Text();
                    break;
                case (3, WireType.Bytes):
                    _values.AddAttribute(attributes, reader.Bytes);
                    break;
            }
        }

        return new OtlpTestEvent(name, time, attributes);
    }

    private OtlpTestLink ReadLink(ReadOnlySpan<byte> message)
    {
        var (traceId, spanId) = ("", "");
        var attributes = new Dictionary<string, JsonNode?>();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Bytes):
                    traceId = Convert.ToHexStringLower(reader.Bytes);
                    break;
                case (2, WireType.Bytes):
                    spanId = Convert.ToHexStringLower(reader.Bytes);
                    break;
                case (4, WireType.Bytes):
                    _values.AddAttribute(attributes, reader.Bytes);
                    break;
            }
        }

        return new OtlpTestLink(traceId, spanId, attributes);
    }

    private static (ActivityStatusCode Code, string Message) ReadStatus(ReadOnlySpan<byte> message)
    {
        var (code, text) = (ActivityStatusCode.Unset, "");
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field, reader.Type)
            {
                case (2, WireType.Bytes):
                    text = reader.Text();
                    break;
                case (3, WireType.Varint):
                    code = OtlpEnums.Status(reader.Number);
                    break;
            }
        }

        return (code, text);
    }
}
