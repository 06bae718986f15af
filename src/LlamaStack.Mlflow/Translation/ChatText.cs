using System.Globalization;
using System.Text;
using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>The question and the answer of a model call in words: what a list of traces shows of it.</summary>
/// <remarks>Texts are written as they stand in the JSON, escaped: what is joined of escaped texts is an escaped text, and 100 KB of prompt never become a string.</remarks>
internal static class ChatText
{
    /// <summary>Writes what was asked: the last message of the user, the prompt, the texts to embed.</summary>
    /// <returns>False where nothing of that kind was asked.</returns>
    public static bool TryWriteQuestion(GenAIApi api, ReadOnlySpan<byte> request, PooledBytes output)
    {
        switch (api)
        {
            case GenAIApi.ChatCompletions:
                return TryWriteLastUserText(JsonText.Member(request, "messages"u8), output);
            case GenAIApi.Completions:
                return TryWriteTexts(JsonText.Member(request, "prompt"u8), output);
            case GenAIApi.Embeddings or GenAIApi.Moderations:
                return TryWriteTexts(JsonText.Member(request, "input"u8), output);
            case GenAIApi.VectorSearch or GenAIApi.Rerank:
                return TryWriteTexts(JsonText.Member(request, "query"u8), output);
            case GenAIApi.ToolInvocation:
                return TryWriteJson(JsonText.Member(request, "kwargs"u8), output);
            default:
                var input = JsonText.Member(request, "input"u8);
                return JsonText.IsArray(input) ? TryWriteLastUserText(input, output) : TryWriteText(input, output);
        }
    }

    /// <summary>Writes what was answered: the text, a refusal, or the tools that the model asks for.</summary>
    /// <param name="api">The API of the exchange.</param>
    /// <param name="response">The answer's JSON.</param>
    /// <param name="output">Takes the text.</param>
    /// <param name="isPlainText">Is it text that MLflow finds by itself?</param>
    /// <returns>False where there is no answer in words.</returns>
    public static bool TryWriteAnswer(GenAIApi api, ReadOnlySpan<byte> response, PooledBytes output, out bool isPlainText)
    {
        isPlainText = false;
        switch (api)
        {
            case GenAIApi.Embeddings:
                return TryWriteVectors(JsonText.Member(response, "data"u8), output);
            case GenAIApi.Moderations:
                return ResultText.TryWriteModeration(response, output);
            case GenAIApi.VectorSearch:
                return ResultText.TryWriteDocuments(response, output);
            case GenAIApi.Rerank:
                return ResultText.TryWriteRanking(response, output);
            case GenAIApi.ToolInvocation:
                return TryWriteJson(JsonText.Member(response, "content"u8), output);
            case GenAIApi.Responses or GenAIApi.StoredResponse:
                return TryWriteItems(JsonText.Member(response, "output"u8), output, out isPlainText);
            default:
                var choice = JsonElements.FromFirst(JsonMembers.From(response, "choices"u8));
                return api is GenAIApi.Completions
                    ? TryWriteText(JsonText.Member(choice, "text"u8), output)
                    : TryWriteMessage(JsonMembers.From(choice, "message"u8), output, out isPlainText);
        }
    }

    /// <summary>Is this surely an answer in words, by a look at where they stand?</summary>
    public static bool IsPlainText(GenAIApi api, ReadOnlySpan<byte> response)
    {
        var message = api is GenAIApi.ChatCompletions ? JsonMembers.From(JsonElements.FromFirst(JsonMembers.From(response, "choices"u8)), "message"u8) : default;
        return JsonMembers.From(message, "content"u8) is [(byte)'"', not (byte)'"', ..];
    }

    private static bool TryWriteLastUserText(ReadOnlySpan<byte> messages, PooledBytes output)
    {
        ReadOnlySpan<byte> last = default;
        foreach (var message in new JsonElements(messages))
        {
            if (JsonText.Unquote(JsonText.Member(message, "role"u8)).SequenceEqual("user"u8))
            {
                last = message;
            }
        }

        return TryWriteContent(JsonText.Member(last, "content"u8), output);
    }

    /// <summary>A message's content: text, or the text parts of either API, a line each.</summary>
    private static bool TryWriteContent(ReadOnlySpan<byte> content, PooledBytes output)
    {
        if (!JsonText.IsArray(content))
        {
            return TryWriteText(content, output);
        }

        var any = false;
        foreach (var part in new JsonElements(content))
        {
            any |= TryWriteNext(JsonText.Member(part, "text"u8), @"\n"u8, any, output);
        }

        return any;
    }

    private static bool TryWriteMessage(ReadOnlySpan<byte> message, PooledBytes output, out bool isPlainText)
    {
        isPlainText = TryWriteContent(JsonText.Member(message, "content"u8), output);
        if (isPlainText || TryWriteText(JsonText.Member(message, "refusal"u8), output))
        {
            return true;
        }

        var any = false;
        foreach (var call in new JsonElements(JsonText.Member(message, "tool_calls"u8)))
        {
            any = WriteCall(JsonText.Member(call, "function"u8), any, output);
        }

        return any;
    }

    private static bool TryWriteItems(ReadOnlySpan<byte> items, PooledBytes output, out bool isPlainText)
    {
        ReadOnlySpan<byte> text = default, refusal = default;
        foreach (var item in new JsonElements(items))
        {
            if (JsonText.Unquote(JsonText.Member(item, "type"u8)).SequenceEqual("message"u8))
            {
                var content = JsonText.Member(item, "content"u8);
                foreach (var part in new JsonElements(content))
                {
                    text = JsonText.Unquote(JsonText.Member(part, "text"u8)).IsEmpty ? text : content;
                    var refused = JsonText.Member(part, "refusal"u8);
                    refusal = JsonText.IsString(refused) ? refused : refusal;
                }
            }
        }

        isPlainText = TryWriteContent(text, output);
        if (isPlainText || TryWriteText(refusal, output))
        {
            return true;
        }

        var any = false;
        foreach (var item in new JsonElements(items))
        {
            var type = JsonText.Unquote(JsonText.Member(item, "type"u8));
            if (type.SequenceEqual("function_call"u8) || type.SequenceEqual("mcp_approval_request"u8))
            {
                any = WriteCall(item, any, output);
            }
        }

        return any;
    }

    /// <summary>A call as one would write it: <c>get_weather({"city":"Paris"})</c>.</summary>
    private static bool WriteCall(ReadOnlySpan<byte> function, bool isNext, PooledBytes output)
    {
        if (isNext)
        {
            output.Append(", "u8);
        }

        output.Append(JsonText.Unquote(JsonText.Member(function, "name"u8)));
        output.Append((byte)'(');
        output.Append(JsonText.Unquote(JsonText.Member(function, "arguments"u8)));
        output.Append((byte)')');
        return true;
    }

    private static bool TryWriteTexts(ReadOnlySpan<byte> input, PooledBytes output)
    {
        if (!JsonText.IsArray(input))
        {
            return TryWriteText(input, output);
        }

        var any = false;
        foreach (var element in new JsonElements(input))
        {
            any |= TryWriteNext(element, @"\n"u8, any, output);
        }

        return any;
    }

    private static bool TryWriteNext(ReadOnlySpan<byte> text, ReadOnlySpan<byte> separator, bool isNext, PooledBytes output)
    {
        if (JsonText.Unquote(text).IsEmpty)
        {
            return false;
        }

        if (isNext)
        {
            output.Append(separator);
        }

        return TryWriteText(text, output);
    }

    private static bool TryWriteText(ReadOnlySpan<byte> text, PooledBytes output)
    {
        output.Append(JsonText.Unquote(text));
        return !JsonText.Unquote(text).IsEmpty;
    }

    /// <summary>Text as it is, any other JSON as one would write it.</summary>
    private static bool TryWriteJson(ReadOnlySpan<byte> json, PooledBytes output)
    {
        if (JsonText.IsString(json) || json.IsEmpty || JsonText.IsNull(json))
        {
            return TryWriteText(json, output);
        }

        output.Append(JsonEncodedText.Encode(json, JsonOutput.Options.Encoder).EncodedUtf8Bytes);
        return true;
    }

    private static bool TryWriteVectors(ReadOnlySpan<byte> data, PooledBytes output)
    {
        var count = 0;
        int? dimensions = null;
        foreach (var element in new JsonElements(data))
        {
            count++;
            dimensions ??= EmbeddingVector.Dimensions(JsonText.Member(element, "embedding"u8));
        }

        output.Append(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "vector" : "vectors")} of {dimensions} numbers")));
        return count > 0;
    }
}
