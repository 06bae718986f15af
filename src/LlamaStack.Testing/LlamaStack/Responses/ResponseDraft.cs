using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A response in the making: its ids, and the response object at each stage.</summary>
internal sealed class ResponseDraft(ResponseRequest request, CannedAnswer answer, TimeProvider time)
{
    private readonly long _created = time.GetUtcNow().ToUnixTimeSeconds();

    public string Id { get; } = NewId("resp_");

    public CannedAnswer Answer { get; } = answer;

    /// <summary>The message's or the calls' item ids, in order.</summary>
    public IReadOnlyList<string> ItemIds { get; } =
        answer.Calls.Count == 0 ? [NewId("msg_")] : [.. answer.Calls.Select(static _ => NewId("fc_"))];

    public bool Incomplete => Answer.FinishReason == "length";

    public JsonObject InProgress() => Build("in_progress", [], null, null);

    public JsonObject Finished() => Build(
        Incomplete ? "incomplete" : "completed",
        Output(),
        new JsonObject
        {
            ["input_tokens"] = Answer.PromptTokens,
            ["output_tokens"] = Answer.CompletionTokens,
            ["total_tokens"] = Answer.PromptTokens + Answer.CompletionTokens,
            ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = 0 },
            ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
        },
        Incomplete ? null : time.GetUtcNow().ToUnixTimeSeconds());

    public JsonObject Failed(string message)
    {
        var failed = Build("failed", [], null, null);
        failed["error"] = new JsonObject { ["code"] = "server_error", ["message"] = message };
        return failed;
    }

    /// <summary>What a background response looks like before its turn: nulls where a finished one has values.</summary>
    public JsonObject Queued()
    {
        var queued = Build("queued", [], null, null);
        foreach (var name in (ReadOnlySpan<string>)["frequency_penalty", "temperature", "top_p", "top_logprobs", "tool_choice", "truncation", "service_tier", "presence_penalty"])
        {
            queued[name] = null;
        }

        queued["tools"] = new JsonArray();
        return queued;
    }

    public JsonObject Message(string status, string? text) => new()
    {
        ["content"] = text is null ? [] : new JsonArray(TextPart(text, typeFirst: false)),
        ["role"] = "assistant",
        ["type"] = "message",
        ["id"] = ItemIds[0],
        ["status"] = status,
    };

    public JsonObject FunctionCall(int index, string status, bool withArguments) => new()
    {
        ["call_id"] = Answer.Calls[index].Id,
        ["name"] = Answer.Calls[index].Name,
        ["arguments"] = withArguments ? Answer.Calls[index].Arguments : "",
        ["type"] = "function_call",
        ["id"] = ItemIds[index],
        ["status"] = status,
    };

    public static JsonObject TextPart(string text, bool typeFirst = true)
    {
        var part = typeFirst ? new JsonObject { ["type"] = "output_text", ["text"] = text } : new JsonObject { ["text"] = text, ["type"] = "output_text" };
        part["annotations"] = new JsonArray();
        part["logprobs"] = new JsonArray();
        return part;
    }

    /// <summary>A refusal leaves an empty text here; only a stream's events tell it.</summary>
    private JsonArray Output() => Answer.Calls.Count == 0
        ? new JsonArray(Message("completed", Answer.Text ?? ""))
        : new JsonArray([.. Answer.Calls.Select((_, index) => FunctionCall(index, "completed", withArguments: true))]);

    private JsonObject Build(string status, JsonArray output, JsonObject? usage, long? completed) => new()
    {
        ["background"] = request.Background,
        ["created_at"] = _created,
        ["completed_at"] = completed,
        ["error"] = null,
        ["frequency_penalty"] = Fraction("frequency_penalty", 0),
        ["id"] = Id,
        ["incomplete_details"] = status == "incomplete" ? new JsonObject { ["reason"] = "length" } : null,
        ["model"] = request.Model,
        ["object"] = "response",
        ["output"] = output,
        ["parallel_tool_calls"] = Echo("parallel_tool_calls") ?? true,
        ["previous_response_id"] = request.PreviousResponseId,
        ["prompt_cache_key"] = Echo("prompt_cache_key"),
        ["prompt"] = Echo("prompt"),
        ["status"] = status,
        ["temperature"] = Fraction("temperature", 1),
        ["text"] = new JsonObject
        {
            ["format"] = request.Json["text"]?["format"] is JsonObject format ? Ordered(format, "type", "name", "schema", "description", "strict") : new JsonObject { ["type"] = "text" },
            ["verbosity"] = request.Json["text"]?["verbosity"]?.DeepClone() ?? "medium",
        },
        ["top_p"] = Fraction("top_p", 1),
        ["top_logprobs"] = Echo("top_logprobs") ?? 0,
        ["tools"] = new JsonArray([.. (request.Json["tools"] as JsonArray ?? []).Select(EchoTool)]),
        ["tool_choice"] = request.Json["tool_choice"] is JsonObject choice ? Ordered(choice, "mode", "tools", "server_label", "name", "type") : Echo("tool_choice") ?? "auto",
        ["truncation"] = Echo("truncation") ?? "disabled",
        ["usage"] = usage,
        ["instructions"] = Echo("instructions"),
        ["skills"] = null,
        ["max_tool_calls"] = Echo("max_tool_calls"),
        ["reasoning"] = Echo("reasoning"),
        ["max_output_tokens"] = request.MaxOutputTokens,
        ["service_tier"] = "default",
        ["metadata"] = Echo("metadata"),
        ["presence_penalty"] = Fraction("presence_penalty", 0),
        ["store"] = request.Store,
        ["safety_identifier"] = Echo("safety_identifier"),
    };

    private JsonNode? Echo(string name) => request.Json[name]?.DeepClone();

    private double Fraction(string name, double otherwise) => request.Json[name]?.GetValue<double>() ?? otherwise;

    /// <summary>The members that are given, in the order in which the server writes them.</summary>
    private static JsonObject Ordered(JsonObject given, params IEnumerable<string> names) =>
        new(names.Where(given.ContainsKey).Select(name => KeyValuePair.Create(name, given[name]?.DeepClone())));

    private static JsonNode? EchoTool(JsonNode? tool) => tool?["type"]?.ToString() != "function" ? tool?.DeepClone() : new JsonObject
    {
        ["type"] = "function",
        ["name"] = tool["name"]?.DeepClone(),
        ["description"] = tool["description"]?.DeepClone(),
        ["parameters"] = tool["parameters"]?.DeepClone(),
        ["strict"] = tool["strict"]?.DeepClone(),
    };

    private static string NewId(string prefix) => $"{prefix}{Guid.NewGuid():D}";
}
