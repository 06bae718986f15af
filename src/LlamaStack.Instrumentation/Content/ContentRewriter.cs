using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>Writes content anew, so that it is valid JSON still: texts made fit to be recorded, and cut where there is too much of them.</summary>
internal static class ContentRewriter
{
    private const int MaxDepth = 512;
    private const int ShortestCut = 16;

    /// <summary>Writes JSON anew.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="redact">What to make of each text; null leaves it, and null as its answer leaves the text out. Names of members stay.</param>
    /// <param name="maxLength">The most bytes; longer texts are cut until it is kept.</param>
    /// <param name="isExchange">Is it a request or an answer of the OpenAI-compatible APIs? Then roles, types, ids and the like are no content.</param>
    /// <returns>Null where it is no JSON.</returns>
    public static PooledBytes? Rewrite(ReadOnlySpan<byte> json, Func<string, string?>? redact, int maxLength, bool isExchange)
    {
        var longest = int.MaxValue;
        while (true)
        {
            var output = new PooledBytes(Math.Min(json.Length, maxLength) + 256);
            if (!TryWrite(json, output, redact, longest, isExchange))
            {
                output.Return();
                return null;
            }

            if (output.Length <= maxLength)
            {
                return output;
            }

            longest = Math.Min(longest / 4, maxLength / 4);
            if (longest < ShortestCut)
            {
                output.Clear();
                output.Append(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\"[{json.Length} bytes left out: more than MaxContentLength]\"")));
                return output;
            }
        }
    }

    private static bool TryWrite(ReadOnlySpan<byte> json, PooledBytes output, Func<string, string?>? redact, int longest, bool isExchange)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            using var writer = new Utf8JsonWriter(output, JsonOutput.Options);
            var isStructure = false;
            var usersDepth = int.MaxValue;
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        if (reader.CurrentDepth <= usersDepth)
                        {
                            usersDepth = IsUsers(ref reader) ? reader.CurrentDepth : int.MaxValue;
                        }

                        isStructure = isExchange && usersDepth == int.MaxValue && IsStructure(ref reader);
                        WriteName(writer, ref reader);
                        break;
                    case JsonTokenType.String:
                        WriteText(writer, reader.GetString()!, isStructure ? null : redact, longest);
                        break;
                    case JsonTokenType.StartObject:
                        writer.WriteStartObject();
                        break;
                    case JsonTokenType.EndObject:
                        writer.WriteEndObject();
                        isStructure = false;
                        break;
                    case JsonTokenType.StartArray:
                        writer.WriteStartArray();
                        break;
                    case JsonTokenType.EndArray:
                        writer.WriteEndArray();
                        isStructure = false;
                        break;
                    default:
                        writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                        break;
                }
            }

            writer.Flush();
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or half a character in it.
            return false;
        }
    }

    private static void WriteName(Utf8JsonWriter writer, ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped)
        {
            writer.WritePropertyName(reader.GetString()!);
        }
        else
        {
            writer.WritePropertyName(reader.ValueSpan);
        }
    }

    private static void WriteText(Utf8JsonWriter writer, string text, Func<string, string?>? redact, int longest)
    {
        if (Base64Payload.TryDescribe(text, out _, out var description))
        {
            text = description;
        }
        else if (redact is not null)
        {
            text = redact(text) ?? "";
        }

        if (text.Length > longest)
        {
            var cut = char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest;
            text = string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, cut)}... [{text.Length - cut} characters left out]");
        }

        writer.WriteStringValue(text);
    }

    /// <summary>The members whose values are words of the API.</summary>
    private static bool IsStructure(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("role"u8) || reader.ValueTextEquals("type"u8) || reader.ValueTextEquals("id"u8) || reader.ValueTextEquals("object"u8)
        || reader.ValueTextEquals("model"u8) || reader.ValueTextEquals("name"u8) || reader.ValueTextEquals("finish_reason"u8) || reader.ValueTextEquals("status"u8)
        || reader.ValueTextEquals("tool_call_id"u8) || reader.ValueTextEquals("call_id"u8) || reader.ValueTextEquals("item_id"u8) || reader.ValueTextEquals("server_label"u8)
        || reader.ValueTextEquals("previous_response_id"u8) || reader.ValueTextEquals("service_tier"u8) || reader.ValueTextEquals("system_fingerprint"u8)
        || reader.ValueTextEquals("encoding_format"u8) || reader.ValueTextEquals("tool_choice"u8) || reader.ValueTextEquals("detail"u8);

    /// <summary>The members below which all names are the application's: nothing there is a word of the API.</summary>
    private static bool IsUsers(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("metadata"u8) || reader.ValueTextEquals("variables"u8) || reader.ValueTextEquals("arguments"u8);
}
