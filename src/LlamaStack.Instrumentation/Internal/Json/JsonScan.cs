using System.Buffers;

namespace LlamaStack.Instrumentation;

/// <summary>Finds where a JSON value ends without reading what is in it.</summary>
/// <remarks>
/// A prompt of 100 KB is one string of a request: a tokenizer pays for each byte of it, this hops from quote to quote.
/// Nothing is validated; text that is not JSON ends a scan early and never throws.
/// </remarks>
internal static class JsonScan
{
    private static readonly SearchValues<byte> _structure = SearchValues.Create("\"{}[]"u8);
    private static readonly SearchValues<byte> _afterLiteral = SearchValues.Create(",}] \t\r\n"u8);
    private static readonly SearchValues<byte> _whitespace = SearchValues.Create(" \t\r\n"u8);

    /// <summary>The first position from <paramref name="start"/> on that is not white space.</summary>
    public static int SkipWhitespace(ReadOnlySpan<byte> json, int start)
    {
        if ((uint)start < (uint)json.Length && json[start] > (byte)' ')
        {
            return start;
        }

        var next = json[Math.Min(start, json.Length)..].IndexOfAnyExcept(_whitespace);
        return next < 0 ? json.Length : start + next;
    }

    /// <summary>The position behind the value that starts at <paramref name="start"/>, or -1 where the text ends before the value does.</summary>
    public static int SkipValue(ReadOnlySpan<byte> json, int start)
    {
        if ((uint)start >= (uint)json.Length)
        {
            return -1;
        }

        switch (json[start])
        {
            case (byte)'"':
                return SkipString(json, start);
            case (byte)'{':
            case (byte)'[':
                return SkipContainer(json, start);
            default:
                var length = json[start..].IndexOfAny(_afterLiteral);
                return length < 0 ? json.Length : length == 0 ? -1 : start + length;
        }
    }

    /// <summary>The position behind the closing quote of the string that starts at <paramref name="start"/>, or -1.</summary>
    public static int SkipString(ReadOnlySpan<byte> json, int start)
    {
        var position = start + 1;
        while (position < json.Length)
        {
            var hop = json[position..].IndexOfAny((byte)'"', (byte)'\\');
            if (hop < 0)
            {
                return -1;
            }

            position += hop;
            if (json[position] == (byte)'"')
            {
                return position + 1;
            }

            position += 2;
        }

        return -1;
    }

    private static int SkipContainer(ReadOnlySpan<byte> json, int start)
    {
        var depth = 0;
        var position = start;
        while (position < json.Length)
        {
            var hop = json[position..].IndexOfAny(_structure);
            if (hop < 0)
            {
                return -1;
            }

            position += hop;
            switch (json[position])
            {
                case (byte)'"':
                    position = SkipString(json, position);
                    if (position < 0)
                    {
                        return -1;
                    }

                    continue;
                case (byte)'{':
                case (byte)'[':
                    depth++;
                    break;
                default:
                    if (--depth == 0)
                    {
                        return position + 1;
                    }

                    break;
            }

            position++;
        }

        return -1;
    }
}
