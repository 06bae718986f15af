using System.Globalization;
using System.Text;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>The question and the answer of a model call in words: what a list of traces shows of it.</summary>
internal static class ChatText
{
    /// <summary>What was asked: the last message of the user, the prompt, the texts to embed.</summary>
    public static string? Question(GenAIApi api, ReadOnlySpan<byte> request) => api switch
    {
        GenAIApi.ChatCompletions => LastUserText(JsonText.Member(request, "messages"u8)),
        GenAIApi.Completions => Texts(JsonText.Member(request, "prompt"u8)),
        GenAIApi.Embeddings => Texts(JsonText.Member(request, "input"u8)),
        _ => JsonText.Member(request, "input"u8) is var input && JsonText.IsArray(input) ? LastUserText(input) : JsonText.String(input),
    };

    /// <summary>What was answered: the text, a refusal, or the tools that the model asks for.</summary>
    /// <param name="api">The API of the exchange.</param>
    /// <param name="response">The answer's JSON.</param>
    /// <param name="isPlainText">Is it text that MLflow finds by itself?</param>
    public static string? Answer(GenAIApi api, ReadOnlySpan<byte> response, out bool isPlainText)
    {
        isPlainText = false;
        switch (api)
        {
            case GenAIApi.Embeddings:
                return Vectors(JsonText.Member(response, "data"u8));
            case GenAIApi.Responses:
                return OfItems(JsonText.Member(response, "output"u8), out isPlainText);
            default:
                foreach (var choice in new JsonElements(JsonText.Member(response, "choices"u8)))
                {
                    return JsonText.String(JsonText.Member(choice, "text"u8)) ?? OfMessage(JsonText.Member(choice, "message"u8), out isPlainText);
                }

                return null;
        }
    }

    private static string? LastUserText(ReadOnlySpan<byte> messages)
    {
        ReadOnlySpan<byte> last = default;
        foreach (var message in new JsonElements(messages))
        {
            if (JsonText.Unquote(JsonText.Member(message, "role"u8)).SequenceEqual("user"u8))
            {
                last = message;
            }
        }

        return OfContent(JsonText.Member(last, "content"u8));
    }

    /// <summary>A message's content: text, or the text parts of either API.</summary>
    private static string? OfContent(ReadOnlySpan<byte> content)
    {
        if (!JsonText.IsArray(content))
        {
            return JsonText.String(content);
        }

        StringBuilder? texts = null;
        foreach (var part in new JsonElements(content))
        {
            if (JsonText.String(JsonText.Member(part, "text"u8)) is { Length: > 0 } text)
            {
                texts = texts is null ? new StringBuilder(text) : texts.Append('\n').Append(text);
            }
        }

        return texts?.ToString();
    }

    private static string? OfMessage(ReadOnlySpan<byte> message, out bool isPlainText)
    {
        var text = OfContent(JsonText.Member(message, "content"u8));
        isPlainText = !string.IsNullOrEmpty(text);
        if (isPlainText)
        {
            return text;
        }

        if (JsonText.String(JsonText.Member(message, "refusal"u8)) is { Length: > 0 } refusal)
        {
            return refusal;
        }

        List<string>? calls = null;
        foreach (var call in new JsonElements(JsonText.Member(message, "tool_calls"u8)))
        {
            (calls ??= []).Add(Call(JsonText.Member(call, "function"u8)));
        }

        return calls is null ? text : string.Join(", ", calls);
    }

    private static string? OfItems(ReadOnlySpan<byte> items, out bool isPlainText)
    {
        string? text = null, refusal = null;
        List<string>? calls = null;
        foreach (var item in new JsonElements(items))
        {
            var type = JsonText.Unquote(JsonText.Member(item, "type"u8));
            if (type.SequenceEqual("message"u8))
            {
                var content = JsonText.Member(item, "content"u8);
                text = OfContent(content) ?? text;
                foreach (var part in new JsonElements(content))
                {
                    refusal = JsonText.String(JsonText.Member(part, "refusal"u8)) ?? refusal;
                }
            }
            else if (type.SequenceEqual("function_call"u8) || type.SequenceEqual("mcp_approval_request"u8))
            {
                (calls ??= []).Add(Call(item));
            }
        }

        isPlainText = !string.IsNullOrEmpty(text);
        return isPlainText ? text : refusal ?? (calls is null ? text : string.Join(", ", calls));
    }

    /// <summary>A call as one would write it: <c>get_weather({"city":"Paris"})</c>.</summary>
    private static string Call(ReadOnlySpan<byte> function) =>
        $"{JsonText.String(JsonText.Member(function, "name"u8))}({JsonText.String(JsonText.Member(function, "arguments"u8))})";

    private static string? Texts(ReadOnlySpan<byte> input)
    {
        if (!JsonText.IsArray(input))
        {
            return JsonText.String(input);
        }

        List<string> texts = [];
        foreach (var element in new JsonElements(input))
        {
            if (JsonText.String(element) is not { } text)
            {
                return null;
            }

            texts.Add(text);
        }

        return string.Join('\n', texts);
    }

    private static string? Vectors(ReadOnlySpan<byte> data)
    {
        var count = 0;
        int? dimensions = null;
        foreach (var element in new JsonElements(data))
        {
            count++;
            dimensions ??= EmbeddingVector.Dimensions(JsonText.Member(element, "embedding"u8));
        }

        return count == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "vector" : "vectors")} of {dimensions} numbers");
    }
}
