using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>The frames of a streamed chat completion: role, pieces, finish reason, choice after choice; usage last if it was asked for.</summary>
internal static class ChatChunks
{
    public static IEnumerable<JsonObject> Of(ChatRequest request, CannedAnswer answer, long created)
    {
        for (var index = 0; index < request.Choices; index++)
        {
            foreach (var (delta, finish) in Deltas(answer))
            {
                yield return Chunk(request, created, new JsonArray(Choice(index, delta, finish)), null);
            }
        }

        if (request.IncludeUsage)
        {
            yield return Chunk(request, created, [], ChatUsage.Of(request, answer));
        }
    }

    private static IEnumerable<(JsonObject Delta, string? Finish)> Deltas(CannedAnswer answer)
    {
        yield return (Delta(content: "", role: "assistant"), null);
        for (var i = 0; i < answer.Calls.Count; i++)
        {
            var call = answer.Calls[i];
            var half = call.Arguments.Length / 2;
            yield return (Delta(toolCall: ToolCall(i, call.Id, call.Name, "")), null);
            yield return (Delta(toolCall: ToolCall(i, null, null, call.Arguments[..half])), null);
            yield return (Delta(toolCall: ToolCall(i, null, null, call.Arguments[half..])), null);
        }

        if (answer.Refusal is { } refusal)
        {
            yield return (Delta(refusal: refusal), null);
        }

        foreach (var piece in Words.Chunks(answer.Text ?? ""))
        {
            yield return (Delta(content: piece), null);
        }

        yield return (Delta(), answer.FinishReason);
    }

    private static JsonObject Chunk(ChatRequest request, long created, JsonArray choices, JsonObject? usage) => new()
    {
        ["id"] = request.Id,
        ["choices"] = choices,
        ["created"] = created,
        ["model"] = request.Model,
        ["object"] = "chat.completion.chunk",
        ["moderation"] = null,
        ["obfuscation"] = null,
        ["service_tier"] = null,
        ["system_fingerprint"] = ChatUsage.Fingerprint,
        ["usage"] = usage,
    };

    private static JsonObject Choice(int index, JsonObject delta, string? finish) => new()
    {
        ["delta"] = delta,
        ["index"] = index,
        ["finish_reason"] = finish,
        ["logprobs"] = null,
    };

    private static JsonObject Delta(string? content = null, string? role = null, string? refusal = null, JsonObject? toolCall = null) => new()
    {
        ["audio"] = null,
        ["content"] = content,
        ["function_call"] = null,
        ["refusal"] = refusal,
        ["role"] = role,
        ["tool_calls"] = toolCall is null ? null : new JsonArray(toolCall),
    };

    private static JsonObject ToolCall(int index, string? id, string? name, string arguments) => new()
    {
        ["index"] = index,
        ["id"] = id,
        ["function"] = new JsonObject { ["arguments"] = arguments, ["name"] = name },
        ["type"] = id is null ? null : "function",
    };
}
