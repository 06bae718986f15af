using System.Globalization;

namespace LlamaStack.Mlflow;

/// <summary>
/// Escapes that stand for half a character, as of an answer that was cut in the middle of an emoji. They are valid JSON, but MLflow cannot store what they stand for:
/// it answers 500 to the whole request.
/// </summary>
internal static class JsonSurrogates
{
    private const int EscapeLength = 6;

    /// <summary>Puts the replacement character where half a one stands.</summary>
    /// <returns>The JSON itself where there is nothing to mend.</returns>
    public static ReadOnlySpan<byte> Mend(ReadOnlySpan<byte> json)
    {
        byte[]? mended = null;
        for (var position = Next(json, 0); position >= 0; position = Next(json, position))
        {
            if (!char.IsSurrogate(CharacterAt(json, position)))
            {
                // Any other escape, or a backslash itself: "\\ud83d" is no escape of a character.
                position += 2;
            }
            else if (char.IsHighSurrogate(CharacterAt(json, position)) && char.IsLowSurrogate(CharacterAt(json, position + EscapeLength)))
            {
                position += 2 * EscapeLength;
            }
            else
            {
                mended ??= json.ToArray();
                "\\ufffd"u8.CopyTo(mended.AsSpan(position));
                position += EscapeLength;
            }
        }

        return mended ?? json;
    }

    private static int Next(ReadOnlySpan<byte> json, int start)
    {
        var hop = start < json.Length ? json[start..].IndexOf((byte)'\\') : -1;
        return hop < 0 ? -1 : start + hop;
    }

    /// <summary>The character of an escape <c>\uXXXX</c>; none where there is no such escape.</summary>
    private static char CharacterAt(ReadOnlySpan<byte> json, int position) =>
        position + EscapeLength <= json.Length && json[position] == (byte)'\\' && json[position + 1] == (byte)'u'
            && ushort.TryParse(json.Slice(position + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var character)
            ? (char)character
            : '\0';
}
