using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>Input and output items of the Responses API in the convention's form.</summary>
internal static class ResponsesMessages
{
    public static bool WriteInput(JsonElement input, Utf8JsonWriter writer)
    {
        if (input.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
        {
            return false;
        }

        writer.WriteStartArray();
        if (input.ValueKind is JsonValueKind.String)
        {
            MessageParts.StartMessage(writer, "user");
            MessageParts.Text(writer, input.GetString()!);
            MessageParts.EndMessage(writer);
        }
        else
        {
            foreach (var item in input.EnumerateArray())
            {
                if (item.ValueKind is JsonValueKind.Object)
                {
                    MessageParts.StartMessage(writer, RoleOf(item));
                    WriteItem(item, writer);
                    MessageParts.EndMessage(writer);
                }
            }
        }

        writer.WriteEndArray();
        return true;
    }

    /// <summary>One assistant message: all items together are the one answer.</summary>
    public static bool WriteOutput(JsonElement response, JsonElement items, Utf8JsonWriter writer)
    {
        if (items.ValueKind is not JsonValueKind.Array || (items.GetArrayLength() == 0 && MessageParts.StringOf(response, "status") is "queued" or "in_progress"))
        {
            return false;
        }

        writer.WriteStartArray();
        MessageParts.StartMessage(writer, "assistant");
        var calls = false;
        foreach (var item in items.EnumerateArray())
        {
            if (item.ValueKind is JsonValueKind.Object)
            {
                calls |= MessageParts.StringOf(item, "type") is "function_call";
                WriteItem(item, writer);
            }
        }

        MessageParts.EndMessage(writer, MessageParts.StringOf(response, "status") switch
        {
            "completed" => calls ? "tool_call" : "stop",
            "incomplete" => "length",
            _ => "error",
        });
        writer.WriteEndArray();
        return true;
    }

    private static string RoleOf(JsonElement item) => MessageParts.StringOf(item, "role") ?? MessageParts.StringOf(item, "type") switch
    {
        "function_call_output" => "tool",
        "mcp_approval_response" => "user",
        _ => "assistant",
    };

    private static void WriteItem(JsonElement item, Utf8JsonWriter writer)
    {
        switch (MessageParts.StringOf(item, "type"))
        {
            case null or "message":
                if (item.TryGetProperty("content"u8, out var content))
                {
                    MessageParts.Content(writer, content);
                }

                break;
            case "function_call":
                MessageParts.ToolCall(writer, MessageParts.StringOf(item, "call_id"), MessageParts.StringOf(item, "name") ?? "", MessageParts.StringOf(item, "arguments"));
                break;
            case "function_call_output" when item.TryGetProperty("output"u8, out var output):
                MessageParts.ToolCallResponse(writer, MessageParts.StringOf(item, "call_id"), output);
                break;
            case "reasoning":
                WriteReasoning(item, writer);
                break;
            case var type when type.EndsWith("_call", StringComparison.Ordinal):
                MessageParts.ServerToolCall(writer, type, item);
                break;
            default:
                MessageParts.Other(writer, item);
                break;
        }
    }

    private static void WriteReasoning(JsonElement item, Utf8JsonWriter writer)
    {
        foreach (var member in (string[])["content", "summary"])
        {
            if (item.TryGetProperty(member, out var parts) && parts.ValueKind is JsonValueKind.Array)
            {
                foreach (var part in parts.EnumerateArray())
                {
                    if (MessageParts.StringOf(part, "text") is { Length: > 0 } text)
                    {
                        MessageParts.Reasoning(writer, text);
                    }
                }
            }
        }
    }
}
