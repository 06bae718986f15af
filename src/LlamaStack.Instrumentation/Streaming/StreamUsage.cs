namespace LlamaStack.Instrumentation;

/// <summary>Asks for a stream's token counts, which a server tells only those who ask: in a chunk of their own, without choices.</summary>
internal static class StreamUsage
{
    /// <summary>A request's body with the question for token counts; null where it asks for no stream, or says itself whether it wants them.</summary>
    public static HttpContent? Ask(HttpContent content, ReadOnlySpan<byte> body)
    {
        var streams = false;
        ReadOnlySpan<byte> options = default;
        foreach (var member in new JsonMembers(body))
        {
            if (member.Name.SequenceEqual("stream"u8))
            {
                streams = JsonText.IsTrue(member.Value);
            }
            else if (member.Name.SequenceEqual("stream_options"u8))
            {
                options = member.Value;
            }
        }

        if (!streams || !JsonText.Member(options, "include_usage"u8).IsEmpty)
        {
            return null;
        }

        if (options.IsEmpty)
        {
            return Insert(content, body, body.IndexOf((byte)'{') + 1, "\"stream_options\":{\"include_usage\":true},"u8, replaced: 0);
        }

        body.Overlaps(options, out var start);
        return JsonText.IsNull(options)
            ? Insert(content, body, start, "{\"include_usage\":true}"u8, replaced: options.Length)
            : JsonText.IsObject(options)
                ? Insert(content, body, start + 1, HasMembers(options) ? "\"include_usage\":true,"u8 : "\"include_usage\":true"u8, replaced: 0)
                : null;
    }

    /// <summary>Is this event the chunk that was asked for, and nothing else?</summary>
    public static bool IsOnly(ReadOnlySpan<byte> data)
    {
        bool noChoices = false, usage = false;
        foreach (var member in new JsonMembers(data))
        {
            if (member.Name.SequenceEqual("choices"u8))
            {
                noChoices = !new JsonElements(member.Value).MoveNext();
            }
            else if (member.Name.SequenceEqual("usage"u8))
            {
                usage = JsonText.IsObject(member.Value);
            }
            else if (member.Name.SequenceEqual("error"u8) && !JsonText.IsNull(member.Value))
            {
                return false;
            }
        }

        return noChoices && usage;
    }

    private static bool HasMembers(ReadOnlySpan<byte> json) => new JsonMembers(json).MoveNext();

    private static ByteArrayContent Insert(HttpContent content, ReadOnlySpan<byte> body, int at, ReadOnlySpan<byte> text, int replaced)
    {
        var changed = new ByteArrayContent([.. body[..at], .. text, .. body[(at + replaced)..]]);
        foreach (var (name, values) in content.Headers.NonValidated)
        {
            if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            {
                changed.Headers.TryAddWithoutValidation(name, values);
            }
        }

        return changed;
    }
}
