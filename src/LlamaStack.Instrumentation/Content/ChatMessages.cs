using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>Messages and choices of chat completions in the convention's form.</summary>
internal static class ChatMessages
{
    public static bool WriteInput(JsonElement messages, Utf8JsonWriter writer)
    {
        if (messages.ValueKind is not JsonValueKind.Array)
        {
            return false;
        }

        writer.WriteStartArray();
        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind is JsonValueKind.Object)
            {
                var role = MessageParts.StringOf(message, "role") ?? "user";
                MessageParts.StartMessage(writer, role);
                if (role is "tool" && message.TryGetProperty("content"u8, out var result))
                {
                    MessageParts.ToolCallResponse(writer, MessageParts.StringOf(message, "tool_call_id"), result);
                }
                else
                {
                    WriteParts(message, writer);
                }

                MessageParts.EndMessage(writer, name: MessageParts.StringOf(message, "name"));
            }
        }

        writer.WriteEndArray();
        return true;
    }

    /// <summary>The prompt of a legacy completion, or its several prompts. Prompts given as tokens have no words.</summary>
    public static bool WritePrompts(JsonElement prompt, Utf8JsonWriter writer)
    {
        var texts = prompt.ValueKind switch
        {
            JsonValueKind.String => [prompt],
            JsonValueKind.Array => prompt.EnumerateArray().Where(static element => element.ValueKind is JsonValueKind.String).ToArray(),
            _ => [],
        };
        if (texts.Length == 0)
        {
            return false;
        }

        writer.WriteStartArray();
        foreach (var text in texts)
        {
            MessageParts.StartMessage(writer, "user");
            MessageParts.Text(writer, text.GetString()!);
            MessageParts.EndMessage(writer);
        }

        writer.WriteEndArray();
        return true;
    }

    public static bool WriteOutput(JsonElement choices, Utf8JsonWriter writer)
    {
        if (choices.ValueKind is not JsonValueKind.Array)
        {
            return false;
        }

        writer.WriteStartArray();
        foreach (var choice in choices.EnumerateArray())
        {
            if (choice.ValueKind is not JsonValueKind.Object)
            {
                continue;
            }

            MessageParts.StartMessage(writer, "assistant");
            if (choice.TryGetProperty("message"u8, out var message) && message.ValueKind is JsonValueKind.Object)
            {
                WriteParts(message, writer);
            }
            else if (MessageParts.StringOf(choice, "text") is { } text)
            {
                MessageParts.Text(writer, text);
            }

            MessageParts.EndMessage(writer, MessageParts.StringOf(choice, "finish_reason") ?? "error");
        }

        writer.WriteEndArray();
        return true;
    }

    private static void WriteParts(JsonElement message, Utf8JsonWriter writer)
    {
        if ((MessageParts.StringOf(message, "reasoning_content") ?? MessageParts.StringOf(message, "reasoning")) is { Length: > 0 } reasoning)
        {
            MessageParts.Reasoning(writer, reasoning);
        }

        if (message.TryGetProperty("content"u8, out var content))
        {
            MessageParts.Content(writer, content);
        }

        if (MessageParts.StringOf(message, "refusal") is { Length: > 0 } refusal)
        {
            MessageParts.Refusal(writer, refusal);
        }

        if (message.TryGetProperty("tool_calls"u8, out var calls) && calls.ValueKind is JsonValueKind.Array)
        {
            foreach (var call in calls.EnumerateArray())
            {
                if (call.ValueKind is JsonValueKind.Object && call.TryGetProperty("function"u8, out var function))
                {
                    MessageParts.ToolCall(writer, MessageParts.StringOf(call, "id"), MessageParts.StringOf(function, "name") ?? "", MessageParts.StringOf(function, "arguments"));
                }
            }
        }
    }
}
