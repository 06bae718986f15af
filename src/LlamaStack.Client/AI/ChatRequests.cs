using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>Messages and options of Microsoft.Extensions.AI as a chat completion request.</summary>
internal static partial class ChatRequests
{
    /// <param name="messages">The conversation.</param>
    /// <param name="options">Its options; they fill what <paramref name="raw"/> leaves open.</param>
    /// <param name="raw">The caller's own request, from <see cref="ChatOptions.RawRepresentationFactory"/>; its messages come first.</param>
    /// <param name="model">The model, if neither names one.</param>
    public static ChatCompletionRequest From(IEnumerable<ChatMessage> messages, ChatOptions? options, ChatCompletionRequest? raw, string model)
    {
        var request = raw ?? new ChatCompletionRequest();
        request = request with
        {
            Model = request.Model ?? model,
            Messages = [.. request.Messages ?? [], .. Instructions(options), .. messages.SelectMany(From)],
        };
        return options is null ? request : AIValues.With(With(request, options), Wire.Json.ChatCompletionRequest, options.AdditionalProperties);
    }

    private static ChatCompletionRequest With(ChatCompletionRequest request, ChatOptions options)
    {
        var functions = options.Tools?.OfType<AIFunctionDeclaration>().Select(tool => From(tool, options)).ToList();
        var tools = request.Tools ?? (functions is { Count: > 0 } ? functions : null);
        return request with
        {
            Temperature = request.Temperature ?? AIValues.ToDouble(options.Temperature),
            TopP = request.TopP ?? AIValues.ToDouble(options.TopP),
            FrequencyPenalty = request.FrequencyPenalty ?? AIValues.ToDouble(options.FrequencyPenalty),
            PresencePenalty = request.PresencePenalty ?? AIValues.ToDouble(options.PresencePenalty),
            MaxTokens = request.MaxTokens ?? (request.MaxCompletionTokens is null ? options.MaxOutputTokens : null),
            Seed = request.Seed ?? options.Seed,
            Stop = request.Stop ?? (options.StopSequences is { Count: > 0 } stop ? [.. stop] : null),
            ResponseFormat = request.ResponseFormat ?? From(options.ResponseFormat, options),
            Tools = tools,
            ToolChoice = request.ToolChoice ?? (tools is null ? null : From(options.ToolMode)),
            ParallelToolCalls = request.ParallelToolCalls ?? (tools is null ? null : options.AllowMultipleToolCalls),
            ReasoningEffort = request.ReasoningEffort ?? AIValues.Effort(options.Reasoning?.Effort),
            ExtensionData = AIValues.Add(request.ExtensionData, "top_k", options.TopK),
        };
    }

    private static ChatTool From(AIFunctionDeclaration tool, ChatOptions options) => new()
    {
        Type = "function",
        Function = new ChatFunction
        {
            Name = tool.Name,
            Description = string.IsNullOrEmpty(tool.Description) ? null : tool.Description,
            Parameters = tool.JsonSchema,
            Strict = AIValues.Strict(tool.AdditionalProperties) ?? AIValues.Strict(options.AdditionalProperties),
        },
    };

    private static JsonNode? From(ChatToolMode? mode) => mode switch
    {
        NoneChatToolMode => "none",
        AutoChatToolMode => "auto",
        RequiredChatToolMode { RequiredFunctionName: { } name } => ChatTool.OfFunction(name).ToToolChoice(),
        RequiredChatToolMode => "required",
        _ => null,
    };

    private static ChatCompletionFormat? From(ChatResponseFormat? format, ChatOptions options) => format switch
    {
        ChatResponseFormatJson { Schema: { } schema } json => new ChatCompletionFormat
        {
            Type = "json_schema",
            JsonSchema = new ChatJsonSchema
            {
                Name = json.SchemaName ?? "answer",
                Description = json.SchemaDescription,
                Schema = schema,
                Strict = AIValues.Strict(options.AdditionalProperties),
            },
        },
        ChatResponseFormatJson => new ChatCompletionFormat { Type = "json_object" },
        _ => null,
    };

    private static IEnumerable<ChatCompletionMessage> Instructions(ChatOptions? options) =>
        string.IsNullOrEmpty(options?.Instructions) ? [] : [ChatCompletionMessage.System(options.Instructions)];

    private static IEnumerable<ChatCompletionMessage> From(ChatMessage message)
    {
        if (message.Role == ChatRole.Tool)
        {
            return message.Contents.OfType<FunctionResultContent>()
                .Select(static result => ChatCompletionMessage.Tool(result.CallId, AIValues.ResultText(result.Result)));
        }

        return message.Role == ChatRole.Assistant
            ? [FromAssistant(message)]
            : [new() { Role = message.Role.Value, Name = Name(message), Content = Content(message) ?? "" }];
    }

    /// <summary>The model's own words: text, calls and refusals. Reasoning is not sent back; providers do not want it.</summary>
    private static ChatCompletionMessage FromAssistant(ChatMessage message)
    {
        var calls = message.Contents.OfType<FunctionCallContent>().Select(static call => new ChatToolCall
        {
            Id = call.CallId,
            Type = "function",
            Function = new ChatFunctionCall { Name = call.Name, Arguments = AIValues.Arguments(call.Arguments) },
        }).ToList();
        var refusals = message.Contents.OfType<ErrorContent>().Where(static error => error.ErrorCode == AIValues.RefusalCode).ToList();
        return new ChatCompletionMessage
        {
            Role = "assistant",
            Name = Name(message),
            Content = Content(message) ?? (calls.Count == 0 && refusals.Count == 0 ? "" : null),
            ToolCalls = calls.Count == 0 ? null : calls,
            Refusal = refusals.Count == 0 ? null : string.Concat(refusals.Select(static error => error.Message)),
        };
    }

    /// <summary>A plain string where there is nothing but one text, which every provider understands; else parts.</summary>
    private static ChatContent? Content(ChatMessage message) => message.Contents.Select(Part).OfType<ChatContentPart>().ToList() switch
    {
        [] => null,
        [{ Type: "text", Text: { } text, ExtensionData: null }] => new ChatContent(text),
        var parts => new ChatContent(parts),
    };

    private static ChatContentPart? Part(AIContent content) => content switch
    {
        { RawRepresentation: ChatContentPart raw } => raw,
        TextContent { Text: var text } => ChatContentPart.OfText(text),
        UriContent uri when uri.HasTopLevelMediaType("image") => ChatContentPart.OfImage(uri.Uri.AbsoluteUri, Detail(content)),
        DataContent data when data.HasTopLevelMediaType("image") => ChatContentPart.OfImage(data.Uri, Detail(content)),
        DataContent data => ChatContentPart.OfFile(new ChatFile { FileData = data.Uri, Filename = data.Name }),
        HostedFileContent file => ChatContentPart.OfFile(new ChatFile { FileId = file.FileId, Filename = file.Name }),
        _ => null,
    };

    private static string? Detail(AIContent content) =>
        content.AdditionalProperties?.TryGetValue("detail", out var detail) == true ? detail?.ToString() : null;

    /// <summary>An author's name in the letters that providers allow.</summary>
    private static string? Name(ChatMessage message)
    {
        if (string.IsNullOrEmpty(message.AuthorName))
        {
            return null;
        }

        var name = ForbiddenInNames.Replace(message.AuthorName, "_");
        return name.Length > 64 ? name[..64] : name;
    }

    [GeneratedRegex("[^a-zA-Z0-9_-]+")]
    private static partial Regex ForbiddenInNames { get; }
}
