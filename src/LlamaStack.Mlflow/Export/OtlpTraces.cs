using System.Collections;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>Writes traces as OTLP, with MLflow's attributes and re-rooted; <see cref="OtlpRequest"/> makes requests of them.</summary>
/// <remarks>Source: <see href="https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/opentelemetry/proto/trace/v1/trace.proto"/>.</remarks>
internal sealed class OtlpTraces(MlflowTracingOptions options, TraceResource resource)
{
    private const int MaxDepth = 8;
    private const int MaxElements = 10_000;
    private const long MaxTicks = long.MaxValue / 100;

    private readonly SpanAttributes _attributes = new(options);
    private readonly bool _withContent = options.EffectiveContentCapture is ContentCapture.Full;
    private byte[]? _resource;

    /// <summary>Gets the resource that all spans of this process come from, as OTLP; known once the provider is built.</summary>
    public ReadOnlyMemory<byte> Resource => _resource ??= WriteResource();

    /// <summary>Writes the spans of a trace, one after the other.</summary>
    public void WriteSpans(CompletedTrace trace, PooledBytes output)
    {
        var writer = new ProtobufWriter(output);
        var sink = new Sink(writer);
        Span<byte> traceId = stackalloc byte[16];
        trace.TraceId.CopyTo(traceId);
        foreach (var span in trace.Spans)
        {
            Write(writer, span, traceId, trace, sink);
        }
    }

    private byte[] WriteResource()
    {
        var output = new PooledBytes();
        var writer = new ProtobufWriter(output);
        foreach (var (key, value) in resource.Attributes)
        {
            Attribute(writer, 1, key, value);
        }

        return output.Take();
    }

    private void Write(ProtobufWriter writer, ExportedSpan exported, ReadOnlySpan<byte> traceId, CompletedTrace trace, Sink sink)
    {
        var span = exported.Activity;
        Span<byte> id = stackalloc byte[16];
        var start = writer.Start(2);
        writer.Bytes(1, traceId);
        span.SpanId.CopyTo(id[..8]);
        writer.Bytes(2, id[..8]);
        if (span.TraceStateString is { Length: > 0 } state)
        {
            writer.Text(3, state);
        }

        var parent = trace.ParentOf(span);
        if (parent != default)
        {
            parent.CopyTo(id[..8]);
            writer.Bytes(4, id[..8]);
        }

        writer.Text(5, SpanTypes.NameOf(exported));
        writer.Varint(6, (ulong)span.Kind + 1);
        writer.Fixed64(7, Nanoseconds(span.StartTimeUtc));
        writer.Fixed64(8, Nanoseconds(span.StartTimeUtc, span.Duration));
        var isRoot = span == trace.Root;
        var isSilenced = !_withContent && ForeignContent.IsForeign(span);
        foreach (ref readonly var tag in span.EnumerateTagObjects())
        {
            if (isSilenced && ForeignContent.IsContent(tag.Key))
            {
                continue;
            }

            // Session and user of the root are written with the trace's own.
            if (tag.Value is not null && SpanAttributes.Belongs(exported, trace, tag.Key, tag.Value) && !(isRoot && tag.Key is SemanticAttributes.SessionId or SemanticAttributes.UserId))
            {
                Attribute(writer, 9, tag.Key, AttributeRules.Fitting(tag.Key, tag.Value));
            }
        }

        _attributes.Write(exported, trace, sink);
        foreach (ref readonly var happened in span.EnumerateEvents())
        {
            var eventStart = writer.Start(11);
            writer.Fixed64(1, Nanoseconds(happened.Timestamp.UtcDateTime));
            writer.Text(2, happened.Name);
            foreach (ref readonly var tag in happened.EnumerateTagObjects())
            {
                if (!isSilenced || !ForeignContent.IsContent(happened, tag.Key))
                {
                    Attribute(writer, 3, tag.Key, tag.Value);
                }
            }

            writer.End(eventStart);
        }

        foreach (ref readonly var link in span.EnumerateLinks())
        {
            var linkStart = writer.Start(13);
            link.Context.TraceId.CopyTo(id);
            writer.Bytes(1, id);
            link.Context.SpanId.CopyTo(id[..8]);
            writer.Bytes(2, id[..8]);
            foreach (ref readonly var tag in link.EnumerateTagObjects())
            {
                Attribute(writer, 4, tag.Key, tag.Value);
            }

            writer.End(linkStart);
        }

        // What nobody has judged went well, and says so: for MLflow's tool dashboard a call without a word is no success.
        var judged = isRoot && trace.Summary?.Failure is { } failure ? failure : span;
        var status = writer.Start(15);
        if (judged.StatusDescription is { Length: > 0 } description && (_withContent || !ForeignContent.IsForeign(judged)))
        {
            writer.Text(2, description);
        }

        writer.Varint(3, judged.Status is ActivityStatusCode.Error ? 2u : 1u);
        writer.End(status);
        writer.End(start);
    }

    /// <summary>From 1970 to 2262: another time costs the whole request.</summary>
    private static ulong Nanoseconds(DateTime time, TimeSpan after = default)
    {
        var ticks = Math.Clamp((time - DateTime.UnixEpoch).Ticks, 0, MaxTicks);
        return (ulong)Math.Min(ticks + Math.Clamp(after.Ticks, 0, MaxTicks), MaxTicks) * 100;
    }

    private static void Attribute(ProtobufWriter writer, int field, string key, object? value)
    {
        var isWritten = value switch
        {
            string text => writer.TryShortPair(field, key, text),
            long number => writer.TryShortPair(field, key, 3, (ulong)number),
            int number => writer.TryShortPair(field, key, 3, (ulong)number),
            _ => false,
        };
        if (isWritten || value is null)
        {
            return;
        }

        var start = writer.Start(field);
        writer.Text(1, key);
        var any = writer.Start(2);
        Value(writer, value, 0);
        writer.End(any);
        writer.End(start);
    }

    private static void Value(ProtobufWriter writer, object value, int depth)
    {
        switch (value)
        {
            case string text:
                writer.Text(1, JsonDepth.IsTooDeep(text) ? JsonDepth.AsText(text) : text);
                break;
            case bool flag:
                writer.Varint(2, flag ? 1u : 0u);
                break;
            case long number:
                writer.Varint(3, (ulong)number);
                break;
            case sbyte or byte or short or ushort or int or uint:
                writer.Varint(3, (ulong)Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case float or double:
                writer.Fixed64(4, BitConverter.DoubleToUInt64Bits(Convert.ToDouble(value, CultureInfo.InvariantCulture)));
                break;
            case IEnumerable and not IDictionary when depth < MaxDepth:
                var array = writer.Start(5);
                foreach (var element in ElementsOf((IEnumerable)value))
                {
                    var item = writer.Start(1);
                    if (element is not null)
                    {
                        Value(writer, element, depth + 1);
                    }

                    writer.End(item);
                }

                writer.End(array);
                break;
            default:
                writer.Text(1, TextOf(value));
                break;
        }
    }

    /// <summary>What an application puts on a span is its own code: it may throw, or never end.</summary>
    private static List<object?> ElementsOf(IEnumerable elements)
    {
        try
        {
            return [.. elements.Cast<object?>().Take(MaxElements)];
        }
        catch (Exception e)
        {
            return [Unreadable(e)];
        }
    }

    private static string? TextOf(object value)
    {
        try
        {
            return Convert.ToString(value, CultureInfo.InvariantCulture);
        }
        catch (Exception e)
        {
            return Unreadable(e);
        }
    }

    private static string Unreadable(Exception exception) => $"(unreadable: {exception.GetType().Name})";

    private sealed class Sink(ProtobufWriter writer) : IAttributeSink
    {
        public void Add(string key, string value) => Attribute(writer, 9, key, value);

        public void Add(string key, ReadOnlySpan<byte> json)
        {
            var traits = new JsonTraits(json);
            if (traits.HasEscapes)
            {
                json = JsonSurrogates.Mend(json);
            }

            // One string that is no UTF-8 costs the whole request, as does one that is nested too deeply.
            if ((traits.HasNonAscii && !Utf8.IsValid(json)) || (traits.Openers > JsonDepth.Max && JsonDepth.IsTooDeep(json)))
            {
                Add(key, Encoding.UTF8.GetString(json));
                return;
            }

            var start = writer.Start(9);
            writer.Text(1, key);
            var any = writer.Start(2);
            writer.Bytes(1, json);
            writer.End(any);
            writer.End(start);
        }
    }
}
