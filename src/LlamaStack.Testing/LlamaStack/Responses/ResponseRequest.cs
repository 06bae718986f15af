using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlamaStack.Testing;

/// <summary>A Responses request, validated.</summary>
internal sealed partial record ResponseRequest(JsonObject Json, string Model, IReadOnlyList<CannedMessage> Input)
{
    private const string ToolTypes =
        "'web_search', 'web_search_preview', 'web_search_preview_2025_03_11', 'web_search_2025_08_26', 'file_search', 'function', 'mcp'";

    public bool Stream { get; private init; }

    public bool Background { get; private init; }

    public bool Store { get; private init; }

    public int? MaxOutputTokens { get; private init; }

    public string? PreviousResponseId => Json["previous_response_id"]?.ToString();

    public static ResponseRequest Read(Call call)
    {
        var body = RequestBody.Read(call);
        var model = body.Text("model");
        if (!body.Json.ContainsKey("input"))
        {
            body.Reject("missing", "Field required", "input");
        }
        else if (body["input"] is not JsonArray && body["input"]?.GetValueKind() != JsonValueKind.String)
        {
            body.Reject("string_type", "Input should be a valid string", "input", "str");
        }

        if (body["conversation"] is { } conversation && conversation.GetValueKind() != JsonValueKind.String)
        {
            body.Reject("string_type", "Input should be a valid string", "conversation");
        }

        var request = new ResponseRequest(body.Json, model, ReadInput(body["input"]))
        {
            Stream = body.Flag("stream"),
            Background = body.Flag("background"),
            Store = body["store"] is null || body.Flag("store"),
            MaxOutputTokens = body.Integer("max_output_tokens", 16),
        };
        body.Number("temperature", 0, 2);
        body.Number("top_p", 0, 1);
        body.Integer("top_logprobs", 0, 20);
        body.Integer("max_tool_calls", 1);
        body.Integer("max_infer_iters", 1);
        CheckTools(body);
        body.ThrowIfInvalid();
        request.CheckMeaning();
        return request;
    }

    /// <summary>The prompt: instructions, what was said before, and the input.</summary>
    public CannedPrompt Prompt(IReadOnlyList<CannedMessage> before)
    {
        var instructions = Json["instructions"]?.ToString();
        var format = Json["text"]?["format"] as JsonObject;
        return new CannedPrompt([.. instructions is null ? [] : (CannedMessage[])[new("system", instructions)], .. before, .. NameTools(before)])
        {
            Tools = [.. (Json["tools"] as JsonArray ?? []).Where(static tool => tool?["type"]?.ToString() == "function").Select(static tool => ChatRequest.ReadTool(tool!))],
            ToolChoice = Json["tool_choice"],
            Format = format?["type"]?.ToString(),
            Schema = format?["schema"],
            MaxTokens = MaxOutputTokens,
        };
    }

    /// <summary>A tool's output knows its call's id; the call, here or in an earlier response, knows the tool.</summary>
    private IEnumerable<CannedMessage> NameTools(IReadOnlyList<CannedMessage> before)
    {
        var names = before.Concat(Input).Where(static message => message.CallId is not null && message.Role == "assistant").ToLookup(static call => call.CallId, static call => call.Name);
        return Input.Select(message => message.Role == "tool" ? message with { Name = names[message.CallId].FirstOrDefault() } : message);
    }

    private static List<CannedMessage> ReadInput(JsonNode? input) => input switch
    {
        JsonArray items => [.. items.Select(ReadItem)],
        null => [],
        _ => [new CannedMessage("user", input.ToString())],
    };

    private static CannedMessage ReadItem(JsonNode? item) => item?["type"]?.ToString() switch
    {
        "function_call" => new CannedMessage("assistant", "", item["name"]?.ToString()) { CallId = item["call_id"]?.ToString() },
        "function_call_output" => new CannedMessage("tool", MessageText.Of(item["output"])) { CallId = item["call_id"]?.ToString() },
        _ => new CannedMessage(item?["role"]?.ToString() ?? "assistant", MessageText.Of(item?["content"])),
    };

    private static void CheckTools(RequestBody body)
    {
        foreach (var (tool, index) in (body["tools"] as JsonArray ?? []).Select(static (tool, index) => (tool, index)))
        {
            var type = tool?["type"]?.ToString() ?? "";
            if (!ToolTypes.Contains($"'{type}'", StringComparison.Ordinal))
            {
                body.Reject("union_tag_invalid", $"Input tag '{type}' found using 'type' does not match any of the expected tags: {ToolTypes}", "tools", index);
            }
            else if (type == "function" && tool is JsonObject function && !function.ContainsKey("parameters"))
            {
                body.Reject("missing", "Field required", "tools", index, "function", "parameters");
            }
        }
    }

    /// <summary>What is refused before any stream begins.</summary>
    private void CheckMeaning()
    {
        if (Stream && Background)
        {
            throw LlamaStackError.Detail(400, "OGX does not yet support 'stream' and 'background' together.");
        }

        if (Background && !Store)
        {
            throw LlamaStackError.Detail(400, "Cannot use 'background' with 'store=False'. Background responses must be stored.");
        }

        if (Json["conversation"]?.ToString() is { } conversation)
        {
            if (PreviousResponseId is not null)
            {
                throw LlamaStackError.Detail(
                    400, "Invalid value for 'previous_response_id, conversation': previous_response_id and conversation are both provided. Provide only one of these parameters.");
            }

            throw ConversationId().IsMatch(conversation)
                ? LlamaStackError.Detail(404, $"Conversation '{conversation}' not found.")
                : LlamaStackError.Detail(400, $"Invalid value for 'conversation': {conversation}. Must match format 'conv_' followed by 48 lowercase hex characters.");
        }
    }

    [GeneratedRegex("^conv_[0-9a-f]{48}$")]
    private static partial Regex ConversationId();
}
