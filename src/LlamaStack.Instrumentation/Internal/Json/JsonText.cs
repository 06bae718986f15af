using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>Reads scalar values out of raw JSON. What has another type than asked for is null.</summary>
internal static class JsonText
{
    private static readonly string?[] _recent = new string?[64];

    public static bool IsNull(ReadOnlySpan<byte> value) => value.SequenceEqual("null"u8);

    public static bool IsTrue(ReadOnlySpan<byte> value) => value.SequenceEqual("true"u8);

    public static bool IsString(ReadOnlySpan<byte> value) => value.Length >= 2 && value[0] == (byte)'"';

    public static bool IsObject(ReadOnlySpan<byte> value) => value.Length >= 2 && value[0] == (byte)'{';

    public static bool IsArray(ReadOnlySpan<byte> value) => value.Length >= 2 && value[0] == (byte)'[';

    /// <summary>The text between a JSON string's quotes, still escaped.</summary>
    public static ReadOnlySpan<byte> Unquote(ReadOnlySpan<byte> value) => IsString(value) ? value[1..^1] : default;

    /// <summary>A JSON string's text.</summary>
    public static string? String(ReadOnlySpan<byte> value)
    {
        if (!IsString(value))
        {
            return null;
        }

        var inner = value[1..^1];
        if (inner.IndexOf((byte)'\\') < 0)
        {
            return Encoding.UTF8.GetString(inner);
        }

        try
        {
            var reader = new Utf8JsonReader(value);
            return reader.Read() ? reader.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Encoding.UTF8.GetString(inner);
        }
    }

    /// <summary>The text that the inside of a JSON string stands for.</summary>
    public static string? Unescaped(ReadOnlySpan<byte> escaped)
    {
        var quoted = new PooledBytes(escaped.Length + 2);
        quoted.Append((byte)'"');
        quoted.Append(escaped);
        quoted.Append((byte)'"');
        var text = String(quoted.Span);
        quoted.Return();
        return text;
    }

    /// <summary>A short string that is the same call after call: a model, a finish reason. Those seen of late are kept.</summary>
    public static string? Recent(ReadOnlySpan<byte> value)
    {
        const int MaxLength = 64;
        if (value.Length - 2 is < 1 or > MaxLength)
        {
            return String(value);
        }

        // Its length, first, middle and last letter find the place; who comes to a taken one takes it over.
        ref var kept = ref _recent[(value.Length + (value[1] * 5) + (value[value.Length / 2] * 31) + (value[^2] * 17)) & (_recent.Length - 1)];
        var known = Volatile.Read(ref kept);
        if (known is not null && value[0] == (byte)'"' && Ascii.Equals(value[1..^1], known))
        {
            return known;
        }

        known = String(value);
        Volatile.Write(ref kept, known);
        return known;
    }

    public static long? Integer(ReadOnlySpan<byte> value) =>
        Utf8Parser.TryParse(value, out long number, out var used) && used == value.Length ? number : null;

    public static double? Number(ReadOnlySpan<byte> value) =>
        Utf8Parser.TryParse(value, out double number, out var used) && used == value.Length && double.IsFinite(number) ? number : null;

    /// <summary>The value of the member with this name, or nothing.</summary>
    public static ReadOnlySpan<byte> Member(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        foreach (var member in new JsonMembers(json))
        {
            if (member.Name.SequenceEqual(name))
            {
                return member.Value;
            }
        }

        return default;
    }

    /// <summary>Is this whole JSON, and valid? Pays for every byte: for text that is about to be sent as structure.</summary>
    public static bool IsValid([NotNullWhen(true)] ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            while (reader.Read())
            {
            }

            return json.Length > 0;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
