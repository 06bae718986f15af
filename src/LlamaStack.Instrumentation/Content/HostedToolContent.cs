namespace LlamaStack.Instrumentation;

/// <summary>What a tool that the server ran was given, and what it gave back, read from its item.</summary>
internal static class HostedToolContent
{
    /// <summary>The inputs as JSON: the arguments, the queries, the code.</summary>
    /// <param name="type">The item's type.</param>
    /// <param name="item">The item.</param>
    /// <param name="streamed">Arguments that came in events, as the inside of a JSON string.</param>
    public static PooledBytes? Inputs(string type, ReadOnlySpan<byte> item, ReadOnlySpan<byte> streamed)
    {
        var queries = JsonText.Member(item, "queries"u8);
        if (type is "file_search_call" && JsonText.IsArray(queries))
        {
            return Member("query"u8, queries);
        }

        var arguments = JsonText.Unquote(JsonText.Member(item, "arguments"u8));
        if ((JsonText.Unescaped(arguments.IsEmpty ? streamed : arguments) ?? "") is { Length: > 0 } text)
        {
            return Structure(text);
        }

        return type switch
        {
            "web_search_call" when JsonText.Member(item, "action"u8) is var action && JsonText.IsObject(action) => Copy(action),
            "code_interpreter_call" when JsonText.Member(item, "code"u8) is var code && JsonText.IsString(code) => Member("code"u8, code),
            "image_generation_call" when JsonText.Member(item, "revised_prompt"u8) is var prompt && JsonText.IsString(prompt) => Member("prompt"u8, prompt),
            "mcp_list_tools" when JsonText.Member(item, "server_label"u8) is var label && JsonText.IsString(label) => Member("server_label"u8, label),
            _ => null,
        };
    }

    /// <summary>The outputs as JSON: a result, documents, a list of tools.</summary>
    public static PooledBytes? Outputs(string type, ReadOnlySpan<byte> item)
    {
        var name = type switch
        {
            "mcp_call" => "output"u8,
            "mcp_list_tools" => "tools"u8,
            "code_interpreter_call" => "outputs"u8,
            "image_generation_call" => "result"u8,
            _ => "results"u8,
        };
        var value = JsonText.Member(item, name);
        if (value.IsEmpty || JsonText.IsNull(value))
        {
            return null;
        }

        return type switch
        {
            // As a vector store's own search answers.
            "file_search_call" => Member("data"u8, value),
            "image_generation_call" => Text(Base64Payload.Describe("image", JsonText.Unquote(value))),
            _ => Copy(value),
        };
    }

    /// <summary>The server's words about what went wrong.</summary>
    public static string? Error(ReadOnlySpan<byte> item)
    {
        var error = JsonText.Member(item, "error"u8);
        return error.IsEmpty || JsonText.IsNull(error) ? null
            : JsonText.String(error) ?? ServerError.Read(error).Message ?? System.Text.Encoding.UTF8.GetString(error);
    }

    /// <summary>Arguments that a model wrote: JSON if it kept to the rules, else text.</summary>
    private static PooledBytes Structure(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return JsonText.IsValid(bytes) ? Copy(bytes) : Text(text);
    }

    private static PooledBytes Text(string text) =>
        Copy(System.Text.Encoding.UTF8.GetBytes($"\"{System.Text.Json.JsonEncodedText.Encode(text, JsonOutput.Options.Encoder)}\""));

    private static PooledBytes Member(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var bytes = new PooledBytes(name.Length + value.Length + 5);
        bytes.Append("{\""u8);
        bytes.Append(name);
        bytes.Append("\":"u8);
        bytes.Append(value);
        bytes.Append((byte)'}');
        return bytes;
    }

    private static PooledBytes Copy(ReadOnlySpan<byte> value)
    {
        var bytes = new PooledBytes(value.Length);
        bytes.Append(value);
        return bytes;
    }
}
