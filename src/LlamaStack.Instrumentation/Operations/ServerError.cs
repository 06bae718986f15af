namespace LlamaStack.Instrumentation;

/// <summary>The message, and the code where there is one, of an error body or error frame.</summary>
internal readonly record struct ServerError(string? Code, string? Message)
{
    private const int MaxMessageLength = 2000;

    /// <summary>
    /// Reads every shape that LlamaStack servers and the usual OpenAI-compatible ones have used: <c>{"error":{"message","code"}}</c>,
    /// <c>{"error":{"detail"}}</c>, <c>{"error":"text"}</c>, <c>{"detail":"text"}</c>, <c>{"message":"text"}</c>.
    /// </summary>
    public static ServerError Read(ReadOnlySpan<byte> body)
    {
        string? code = null, message = null;
        foreach (var member in new JsonMembers(body))
        {
            if (member.Name.SequenceEqual("error"u8) && JsonText.IsObject(member.Value))
            {
                return Read(member.Value);
            }

            if (member.Name.SequenceEqual("message"u8) || member.Name.SequenceEqual("detail"u8) || member.Name.SequenceEqual("error"u8))
            {
                message ??= Text(member.Value);
            }
            else if (member.Name.SequenceEqual("code"u8) || member.Name.SequenceEqual("status_code"u8))
            {
                code ??= Text(member.Value);
            }
        }

        return new ServerError(code, message);
    }

    private static string? Text(ReadOnlySpan<byte> value)
    {
        if (JsonText.IsNull(value))
        {
            return null;
        }

        var text = JsonText.String(value) ?? System.Text.Encoding.UTF8.GetString(value);
        return text.Length <= MaxMessageLength ? text : string.Concat(text.AsSpan(0, MaxMessageLength), "...");
    }
}
