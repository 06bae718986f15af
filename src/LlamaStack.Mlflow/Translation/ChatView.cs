using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>
/// A conversation as a plain list of chat messages (<c>mlflow.chat.messages</c>), for answers that MLflow's page cannot draw by itself:
/// one item of a type unknown to it turns its whole chat view into a table of fields.
/// </summary>
internal static class ChatView
{
    /// <summary>Writes the messages of a Responses exchange.</summary>
    /// <returns>False where the page needs no help.</returns>
    public static bool TryWrite(ReadOnlySpan<byte> request, ReadOnlySpan<byte> response, PooledBytes output)
    {
        var items = JsonText.Member(response, "output"u8);
        var input = JsonText.Member(request, "input"u8);
        if (!HasUnknown(items) && !HasUnknown(input))
        {
            return false;
        }

        var list = new List(output);
        if (JsonText.Member(request, "instructions"u8) is var instructions && JsonText.IsString(instructions))
        {
            list.Message("system"u8, instructions);
        }

        if (JsonText.IsString(input))
        {
            list.Message("user"u8, input);
        }

        list.Items(input);
        list.Items(items);
        list.End();
        return true;
    }

    private static bool HasUnknown(ReadOnlySpan<byte> items)
    {
        foreach (var item in new JsonElements(items))
        {
            var type = JsonText.Unquote(JsonText.Member(item, "type"u8));
            if (type.Length > 0 && !type.SequenceEqual("message"u8) && !type.SequenceEqual("function_call"u8) && !type.SequenceEqual("function_call_output"u8)
                && !type.SequenceEqual("reasoning"u8) && !type.SequenceEqual("image_generation_call"u8))
            {
                return true;
            }
        }

        return false;
    }

    private ref struct List(PooledBytes output)
    {
        private bool _any;

        public void Items(ReadOnlySpan<byte> items)
        {
            foreach (var item in new JsonElements(items))
            {
                var type = JsonText.Unquote(JsonText.Member(item, "type"u8));
                if (type.Length == 0 || type.SequenceEqual("message"u8))
                {
                    Text(item);
                }
                else if (type.SequenceEqual("function_call_output"u8))
                {
                    ToolResult(JsonText.Member(item, "call_id"u8), JsonText.Member(item, "output"u8));
                }
                else if (type.SequenceEqual("function_call"u8))
                {
                    ToolCall(JsonText.Member(item, "call_id"u8), JsonText.Member(item, "name"u8), JsonText.Member(item, "arguments"u8));
                }
                else if (type.EndsWith("_call"u8) || type.SequenceEqual("mcp_approval_request"u8))
                {
                    HostedCall(item);
                }
            }
        }

        public void Message(ReadOnlySpan<byte> role, ReadOnlySpan<byte> jsonText)
        {
            Start(role);
            output.Append(",\"content\":"u8);
            output.Append(jsonText);
            output.Append((byte)'}');
        }

        public void End() => output.Append(_any ? "]"u8 : "[]"u8);

        private void Start(ReadOnlySpan<byte> role)
        {
            output.Append(_any ? ","u8 : "["u8);
            _any = true;
            output.Append("{\"role\":\""u8);
            output.Append(role);
            output.Append((byte)'"');
        }

        private void Text(ReadOnlySpan<byte> item)
        {
            var role = JsonText.Unquote(JsonText.Member(item, "role"u8));
            var known = role.SequenceEqual("user"u8) || role.SequenceEqual("assistant"u8) ? role : role.SequenceEqual("developer"u8) || role.SequenceEqual("system"u8) ? "system"u8 : "user"u8;
            var content = JsonText.Member(item, "content"u8);
            if (JsonText.IsString(content))
            {
                Message(known, content);
                return;
            }

            foreach (var part in new JsonElements(content))
            {
                var text = JsonText.Member(part, "text"u8);
                if (text.IsEmpty)
                {
                    text = JsonText.Member(part, "refusal"u8);
                }

                if (JsonText.IsString(text))
                {
                    Message(known, text);
                }
            }
        }

        /// <summary>A tool that the server ran itself: its type (or, of an MCP server, its name) called with what it was given, and what it gave back.</summary>
        private void HostedCall(ReadOnlySpan<byte> item)
        {
            var id = JsonText.Member(item, "id"u8);
            var name = JsonText.Member(item, "name"u8);
            var arguments = JsonText.Member(item, "arguments"u8);
            ToolCall(id, JsonText.IsString(name) ? name : JsonText.Member(item, "type"u8), JsonText.IsString(arguments) ? arguments : JsonText.IsArray(JsonText.Member(item, "queries"u8)) ? Quoted(JsonText.Member(item, "queries"u8)) : default);
            var result = JsonText.Member(item, "output"u8);
            if (!JsonText.IsString(result))
            {
                result = JsonText.Member(item, "error"u8);
            }

            if (!JsonText.IsString(result))
            {
                result = Quoted(JsonText.Member(item, "results"u8));
            }

            if (result.Length > 2)
            {
                ToolResult(id, result);
            }
        }

        private void ToolCall(ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> arguments)
        {
            Start("assistant"u8);
            output.Append(",\"content\":null,\"tool_calls\":[{\"type\":\"function\",\"id\":"u8);
            output.Append(JsonText.IsString(id) ? id : "\"\""u8);
            output.Append(",\"function\":{\"name\":"u8);
            output.Append(JsonText.IsString(name) ? name : "\"\""u8);
            output.Append(",\"arguments\":"u8);
            output.Append(JsonText.IsString(arguments) ? arguments : "\"{}\""u8);
            output.Append("}}]}"u8);
        }

        private void ToolResult(ReadOnlySpan<byte> id, ReadOnlySpan<byte> result)
        {
            Start("tool"u8);
            output.Append(",\"tool_call_id\":"u8);
            output.Append(JsonText.IsString(id) ? id : "\"\""u8);
            output.Append(",\"content\":"u8);
            output.Append(JsonText.IsString(result) ? result : Quoted(result));
            output.Append((byte)'}');
        }

        /// <summary>JSON as the text of a JSON string.</summary>
        private static ReadOnlySpan<byte> Quoted(ReadOnlySpan<byte> json) =>
            json.IsEmpty || JsonText.IsNull(json)
                ? "\"\""u8
                : System.Text.Encoding.UTF8.GetBytes($"\"{System.Text.Json.JsonEncodedText.Encode(json, JsonOutput.Options.Encoder)}\"");
    }
}
