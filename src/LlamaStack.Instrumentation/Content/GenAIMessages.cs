using System.Text;
using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>Turns requests and answers of the OpenAI shape into the convention's messages: roles, and parts with a type.</summary>
/// <remarks>
/// Source: <see href="https://github.com/open-telemetry/semantic-conventions/blob/v1.41.0/docs/gen-ai/gen-ai-spans.md"/> and its JSON schemas.
/// What is not valid JSON has no messages.
/// </remarks>
internal static class GenAIMessages
{
    /// <summary>What was sent to the model: <c>gen_ai.input.messages</c>.</summary>
    public static string? Input(GenAIApi api, ReadOnlySpan<byte> request) =>
        Write(request, (root, writer) =>
        {
            switch (api)
            {
                case GenAIApi.ChatCompletions when root.TryGetProperty("messages"u8, out var messages):
                    return ChatMessages.WriteInput(messages, writer);
                case GenAIApi.Completions when root.TryGetProperty("prompt"u8, out var prompt):
                    return ChatMessages.WritePrompts(prompt, writer);
                case GenAIApi.Responses when root.TryGetProperty("input"u8, out var input):
                    return ResponsesMessages.WriteInput(input, writer);
                default:
                    return false;
            }
        });

    /// <summary>What the model answered, one message a choice: <c>gen_ai.output.messages</c>.</summary>
    public static string? Output(GenAIApi api, ReadOnlySpan<byte> response) =>
        Write(response, (root, writer) => api switch
        {
            GenAIApi.ChatCompletions or GenAIApi.Completions when root.TryGetProperty("choices"u8, out var choices) => ChatMessages.WriteOutput(choices, writer),
            GenAIApi.Responses or GenAIApi.StoredResponse when root.TryGetProperty("output"u8, out var items) => ResponsesMessages.WriteOutput(root, items, writer),
            _ => false,
        });

    /// <summary>Instructions given beside the messages: <c>gen_ai.system_instructions</c>.</summary>
    public static string? SystemInstructions(GenAIApi api, ReadOnlySpan<byte> request) =>
        api is not GenAIApi.Responses ? null : Write(request, static (root, writer) =>
        {
            if (!root.TryGetProperty("instructions"u8, out var instructions) || instructions.ValueKind is not JsonValueKind.String)
            {
                return false;
            }

            writer.WriteStartArray();
            MessageParts.Text(writer, instructions.GetString()!);
            writer.WriteEndArray();
            return true;
        });

    /// <summary>The tools offered to the model: <c>gen_ai.tool.definitions</c>.</summary>
    public static string? ToolDefinitions(ReadOnlySpan<byte> request) =>
        Write(request, static (root, writer) =>
        {
            if (!root.TryGetProperty("tools"u8, out var tools) || tools.ValueKind is not JsonValueKind.Array || tools.GetArrayLength() == 0)
            {
                return false;
            }

            writer.WriteStartArray();
            foreach (var tool in tools.EnumerateArray())
            {
                WriteTool(tool, writer);
            }

            writer.WriteEndArray();
            return true;
        });

    private static void WriteTool(JsonElement tool, Utf8JsonWriter writer)
    {
        if (tool.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        var type = MessageParts.StringOf(tool, "type") ?? "function";
        var definition = tool.TryGetProperty("function"u8, out var function) && function.ValueKind is JsonValueKind.Object ? function : tool;
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        writer.WriteString("name"u8, MessageParts.StringOf(definition, "name") ?? MessageParts.StringOf(tool, "server_label") ?? type);
        if (MessageParts.StringOf(definition, "description") is { } description)
        {
            writer.WriteString("description"u8, description);
        }

        if (definition.TryGetProperty("parameters"u8, out var parameters) && parameters.ValueKind is JsonValueKind.Object)
        {
            writer.WritePropertyName("parameters"u8);
            parameters.WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    private static string? Write(ReadOnlySpan<byte> json, Func<JsonElement, Utf8JsonWriter, bool> write)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind is not JsonValueKind.Object)
            {
                return null;
            }

            var bytes = new PooledBytes(512);
            using var writer = new Utf8JsonWriter(bytes, JsonOutput.Options);
            var any = write(document.RootElement, writer);
            writer.Flush();
            var text = any ? Encoding.UTF8.GetString(bytes.Span) : null;
            bytes.Return();
            return text;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
