using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>The parts that the convention's messages are made of.</summary>
internal static class MessageParts
{
    public static void StartMessage(Utf8JsonWriter writer, string role)
    {
        writer.WriteStartObject();
        writer.WriteString("role"u8, role);
        writer.WriteStartArray("parts"u8);
    }

    public static void EndMessage(Utf8JsonWriter writer, string? finishReason = null, string? name = null)
    {
        writer.WriteEndArray();
        if (finishReason is not null)
        {
            writer.WriteString("finish_reason"u8, finishReason is "tool_calls" or "function_call" ? "tool_call" : finishReason);
        }

        if (name is not null)
        {
            writer.WriteString("name"u8, name);
        }

        writer.WriteEndObject();
    }

    public static void Text(Utf8JsonWriter writer, string content) => Simple(writer, "text"u8, content);

    public static void Reasoning(Utf8JsonWriter writer, string content) => Simple(writer, "reasoning"u8, content);

    public static void Refusal(Utf8JsonWriter writer, string content) => Simple(writer, "refusal"u8, content);

    public static void ToolCall(Utf8JsonWriter writer, string? id, string name, string? arguments)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "tool_call"u8);
        writer.WriteString("id"u8, id);
        writer.WriteString("name"u8, name);
        if (arguments is not null)
        {
            writer.WritePropertyName("arguments"u8);
            StructureOrText(writer, arguments);
        }

        writer.WriteEndObject();
    }

    public static void ToolCallResponse(Utf8JsonWriter writer, string? id, JsonElement response)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "tool_call_response"u8);
        writer.WriteString("id"u8, id);
        writer.WritePropertyName("response"u8);
        response.WriteTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>A tool that the server ran itself, as its item tells it.</summary>
    public static void ServerToolCall(Utf8JsonWriter writer, string type, JsonElement item)
    {
        var name = type.EndsWith("_call", StringComparison.Ordinal) ? type[..^"_call".Length] : type;
        writer.WriteStartObject();
        writer.WriteString("type"u8, "server_tool_call"u8);
        writer.WriteString("id"u8, StringOf(item, "id"));
        writer.WriteString("name"u8, StringOf(item, "name") ?? name);
        writer.WriteStartObject("server_tool_call"u8);
        writer.WriteString("type"u8, name);
        WriteMembers(writer, item, static name => name is not ("type" or "id" or "name"));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>A picture, sound or document, by address or by size and hash.</summary>
    public static void Media(Utf8JsonWriter writer, string modality, string address)
    {
        writer.WriteStartObject();
        if (Base64Payload.TryDescribe(address, out var mediaType, out var description))
        {
            writer.WriteString("type"u8, "blob"u8);
            writer.WriteString("modality"u8, modality);
            writer.WriteString("mime_type"u8, mediaType);
            writer.WriteString("content"u8, description);
        }
        else
        {
            writer.WriteString("type"u8, "uri"u8);
            writer.WriteString("modality"u8, modality);
            writer.WriteString("uri"u8, address);
        }

        writer.WriteEndObject();
    }

    /// <summary>A document that the server has, or one that comes with the message, by address or by size and hash.</summary>
    public static void Document(Utf8JsonWriter writer, JsonElement file)
    {
        if (StringOf(file, "file_id") is { } id)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "file"u8);
            writer.WriteString("modality"u8, "document"u8);
            writer.WriteString("file_id"u8, id);
            writer.WriteEndObject();
        }
        else if (StringOf(file, "file_url") is { } address)
        {
            Media(writer, "document", address);
        }
        else
        {
            var data = StringOf(file, "file_data") ?? "";
            Media(writer, "document", data.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? data : $"data:application/octet-stream;base64,{data}");
        }
    }

    /// <summary>A part of a type the convention has no form for: told as it is.</summary>
    public static void Other(Utf8JsonWriter writer, JsonElement part)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, StringOf(part, "type") ?? "unknown");
        WriteMembers(writer, part, static name => name is not "type");
        writer.WriteEndObject();
    }

    /// <summary>The parts of a message's content, which is text or an array of OpenAI's content parts of either API.</summary>
    public static void Content(Utf8JsonWriter writer, JsonElement content)
    {
        if (content.ValueKind is JsonValueKind.String)
        {
            if (content.GetString() is { Length: > 0 } text)
            {
                Text(writer, text);
            }
        }
        else if (content.ValueKind is JsonValueKind.Array)
        {
            foreach (var part in content.EnumerateArray())
            {
                if (part.ValueKind is JsonValueKind.Object)
                {
                    ContentPart(writer, part);
                }
            }
        }
    }

    public static string? StringOf(JsonElement json, string name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    private static void ContentPart(Utf8JsonWriter writer, JsonElement part)
    {
        switch (StringOf(part, "type"))
        {
            case "text" or "input_text" or "output_text":
                Text(writer, StringOf(part, "text") ?? "");
                break;
            case "refusal":
                Refusal(writer, StringOf(part, "refusal") ?? "");
                break;
            case "image_url" when part.TryGetProperty("image_url"u8, out var image) && StringOf(image, "url") is { } url:
                Media(writer, "image", url);
                break;
            case "input_image" when StringOf(part, "image_url") is { } url:
                Media(writer, "image", url);
                break;
            case "input_audio" when part.TryGetProperty("input_audio"u8, out var audio) && StringOf(audio, "data") is { } data:
                Media(writer, "audio", $"data:audio/{StringOf(audio, "format") ?? "wav"};base64,{data}");
                break;
            case "input_file":
                Document(writer, part);
                break;
            case "file" when part.TryGetProperty("file"u8, out var file):
                Document(writer, file);
                break;
            default:
                Other(writer, part);
                break;
        }
    }

    /// <summary>Members as they stand, but those that are null, and those that hold a picture's or a file's bytes.</summary>
    private static void WriteMembers(Utf8JsonWriter writer, JsonElement item, Func<string, bool> isWanted)
    {
        foreach (var member in item.EnumerateObject())
        {
            if (!isWanted(member.Name) || member.Value.ValueKind is JsonValueKind.Null)
            {
                continue;
            }

            if (member.Value.ValueKind is JsonValueKind.String && member.Value.GetString() is { } text && Base64Payload.IsPayload(text))
            {
                writer.WriteString(member.Name, Base64Payload.Describe("base64", System.Text.Encoding.ASCII.GetBytes(text)));
            }
            else
            {
                member.WriteTo(writer);
            }
        }
    }

    private static void Simple(Utf8JsonWriter writer, ReadOnlySpan<byte> type, string content)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        writer.WriteString("content"u8, content);
        writer.WriteEndObject();
    }

    /// <summary>Arguments are JSON in a string: told as the object they are, or as text where they are none (a model can write anything).</summary>
    private static void StructureOrText(Utf8JsonWriter writer, string json)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(json);
        if (JsonText.IsValid(bytes))
        {
            writer.WriteRawValue(bytes, skipInputValidation: true);
        }
        else
        {
            writer.WriteStringValue(json);
        }
    }
}
