using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A chat completion request, validated.</summary>
internal sealed record ChatRequest(string Model, CannedPrompt Prompt, string Id, bool Stream, bool IncludeUsage, int Choices)
{
    private static readonly string[] _roles = ["user", "system", "assistant", "tool", "developer"];

    public static ChatRequest Read(Call call)
    {
        var body = RequestBody.Read(call);
        var model = body.Text("model");
        var messages = body.Items("messages");
        CheckMessages(body, messages);
        body.Number("frequency_penalty", -2, 2);
        var limit = body.Integer("max_completion_tokens", 1);
        limit = body.Integer("max_tokens", 1) ?? limit;
        var choices = body.Integer("n", 1) ?? 1;
        body.Number("presence_penalty", -2, 2);
        var stream = body.Flag("stream");
        body.Number("temperature", 0, 2);
        body.Integer("top_logprobs", 0, 20);
        body.Number("top_p", 0, 1);
        body.ThrowIfInvalid();
        CheckTools(body);
        var format = body["response_format"] as JsonObject;
        var prompt = new CannedPrompt(ReadMessages(messages))
        {
            Tools = [.. (body["tools"] as JsonArray ?? []).Select(static tool => ReadTool(tool!["function"]!))],
            ToolChoice = body["tool_choice"],
            Format = format?["type"]?.ToString(),
            Schema = format?["json_schema"]?["schema"],
            MaxTokens = limit,
        };
        var id = $"chatcmpl-{CannedModel.Id(messages.ToJsonString(), model)}";
        var includeUsage = body["stream_options"] is JsonObject options && options["include_usage"]?.GetValueKind() == JsonValueKind.True;
        return new ChatRequest(model, prompt, id, stream, includeUsage, choices);
    }

    public static CannedTool ReadTool(JsonNode function) => new(function["name"]?.ToString() ?? "", function["parameters"]);

    private static void CheckMessages(RequestBody body, JsonArray messages)
    {
        for (var i = 0; i < messages.Count; i++)
        {
            if (messages[i] is not JsonObject message)
            {
                body.Reject("model_attributes_type", "Input should be a valid dictionary or object to extract fields from", "messages", i);
            }
            else if (message["role"]?.ToString() is not { } role)
            {
                body.Reject("union_tag_not_found", "Unable to extract tag using discriminator 'role'", "messages", i);
            }
            else if (!_roles.Contains(role))
            {
                body.Reject(
                    "union_tag_invalid", $"Input tag '{role}' found using 'role' does not match any of the expected tags: 'user', 'system', 'assistant', 'tool', 'developer'", "messages", i);
            }
            else
            {
                CheckMessage(body, message, role, i);
            }
        }
    }

    private static void CheckMessage(RequestBody body, JsonObject message, string role, int index)
    {
        if (role == "tool" && !message.ContainsKey("tool_call_id"))
        {
            body.Reject("missing", "Field required", "messages", index, role, "tool_call_id");
        }

        if (role != "assistant" && !message.ContainsKey("content"))
        {
            body.Reject("missing", "Field required", "messages", index, role, "content");
        }

        foreach (var (part, place) in (message["content"] as JsonArray ?? []).Select(static (part, place) => (part, place)))
        {
            if (role == "user" && part?["type"]?.ToString() is { } type && type is not ("text" or "image_url" or "file"))
            {
                const string Parts = "list[tagged-union[OpenAIChatCompletionContentPartTextParam,OpenAIChatCompletionContentPartImageParam,OpenAIFile]]";
                body.Reject("string_type", "Input should be a valid string", "messages", index, role, "content", "str");
                body.Reject(
                    "union_tag_invalid", $"Input tag '{type}' found using 'type' does not match any of the expected tags: 'text', 'image_url', 'file'", "messages", index, role, "content", Parts, place);
            }
        }
    }

    private static void CheckTools(RequestBody body)
    {
        var tools = body["tools"] as JsonArray ?? [];
        foreach (var tool in tools)
        {
            if (tool?["function"] is null)
            {
                body.RejectAt("missing", "Field required", "function");
            }

            if (tool?["type"]?.ToString() != "function")
            {
                body.RejectAt("literal_error", "Input should be 'function'", "type");
            }
        }

        body.ThrowIfInvalid();
        if (tools.Count == 0 && body["tool_choice"] is not null)
        {
            throw LlamaStackError.Error(400, "'tool_choice' is only allowed when 'tools' is also provided");
        }
    }

    private static List<CannedMessage> ReadMessages(JsonArray messages)
    {
        var names = messages
            .SelectMany(static message => message!["tool_calls"] as JsonArray ?? [])
            .ToLookup(static call => call?["id"]?.ToString(), static call => call?["function"]?["name"]?.ToString());
        return [.. messages.Select(message => new CannedMessage(
            message!["role"]!.ToString(), MessageText.Of(message["content"]), names[message["tool_call_id"]?.ToString()].FirstOrDefault()))];
    }
}
