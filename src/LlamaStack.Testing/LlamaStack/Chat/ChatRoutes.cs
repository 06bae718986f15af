using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatRoutes(ModelCatalog models, EventStream streams, TimeProvider time)
{
    public void Map(RouteTable<Func<Call, Task>> routes) => routes.Map("POST", "/v1/chat/completions", CompleteAsync);

    private Task CompleteAsync(Call call)
    {
        var request = ChatRequest.Read(call);
        models.Get(request.Model, LlamaStackTestModelType.Chat);
        var answer = CannedModel.Answer(request.Prompt);
        var created = time.GetUtcNow().ToUnixTimeSeconds();
        return request.Stream ? streams.WriteAsync(call, ChatChunks.Of(request, answer, created)) : call.WriteJsonAsync(Completion(request, answer, created));
    }

    private static JsonObject Completion(ChatRequest request, CannedAnswer answer, long created) => new()
    {
        ["id"] = request.Id,
        ["choices"] = new JsonArray([.. Enumerable.Range(0, request.Choices).Select(index => Choice(answer, index))]),
        ["created"] = created,
        ["model"] = request.Model,
        ["object"] = "chat.completion",
        ["metadata"] = null,
        ["moderation"] = null,
        ["service_tier"] = null,
        ["system_fingerprint"] = ChatUsage.Fingerprint,
        ["usage"] = ChatUsage.Of(request, answer),
    };

    private static JsonObject Choice(CannedAnswer answer, int index) => new()
    {
        ["finish_reason"] = answer.FinishReason,
        ["index"] = index,
        ["logprobs"] = null,
        ["message"] = new JsonObject
        {
            ["content"] = answer.Text,
            ["refusal"] = answer.Refusal,
            ["role"] = "assistant",
            ["annotations"] = null,
            ["audio"] = null,
            ["function_call"] = null,
            ["tool_calls"] = answer.Calls.Count == 0 ? null : new JsonArray([.. answer.Calls.Select(ToolCall)]),
        },
    };

    private static JsonObject ToolCall(CannedCall call) => new()
    {
        ["id"] = call.Id,
        ["function"] = new JsonObject { ["arguments"] = call.Arguments, ["name"] = call.Name },
        ["type"] = "function",
    };
}
