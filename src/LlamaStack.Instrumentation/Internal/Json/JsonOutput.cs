using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>How this library writes JSON that people will read in a trace.</summary>
internal static class JsonOutput
{
    /// <summary>Text as it is (it goes into no HTML), and no second look at what is known to be valid.</summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Writes the inside of a JSON string, escaped already, as a string.</summary>
    public static void WriteEscaped(Utf8JsonWriter writer, ReadOnlySpan<byte> escaped)
    {
        var quoted = new PooledBytes(escaped.Length + 2);
        quoted.Append((byte)'"');
        quoted.Append(escaped);
        quoted.Append((byte)'"');
        writer.WriteRawValue(quoted.Span, skipInputValidation: true);
        quoted.Return();
    }
}
