using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>Messages and options of Microsoft.Extensions.AI as a request for a response.</summary>
internal static class ResponseRequests
{
    /// <param name="messages">The new messages of the conversation.</param>
    /// <param name="options">Its options; they fill what <paramref name="raw"/> leaves open.</param>
    /// <param name="raw">The caller's own request, from <see cref="ChatOptions.RawRepresentationFactory"/>; its input comes first.</param>
    /// <param name="model">The model, if neither names one.</param>
    public static ResponseRequest From(IEnumerable<ChatMessage> messages, ChatOptions? options, ResponseRequest? raw, string model)
    {
        var request = raw ?? new ResponseRequest();
        request = request with { Model = request.Model ?? model, Input = new ResponseInput([.. Items(request.Input), .. messages.SelectMany(From)]) };
        return options is null ? request : AIValues.With(With(request, options), Wire.Json.ResponseRequest, options.AdditionalProperties);
    }

    /// <summary>Whether an id is that of a conversation, and not of a response.</summary>
    public static bool IsConversation(string? id) => id?.StartsWith("conv_", StringComparison.Ordinal) == true;

    private static ResponseRequest With(ResponseRequest request, ChatOptions options)
    {
        var known = options.Tools?.Select(tool => From(tool, options)).OfType<ResponseTool>().ToList();
        var tools = request.Tools ?? (known is { Count: > 0 } ? known : null);
        var continued = request.Conversation is null && request.PreviousResponseId is null ? options.ConversationId : null;
        return request with
        {
            Instructions = request.Instructions ?? options.Instructions,
            Conversation = IsConversation(continued) ? continued : request.Conversation,
            PreviousResponseId = IsConversation(continued) ? null : continued ?? request.PreviousResponseId,
            Temperature = request.Temperature ?? AIValues.ToDouble(options.Temperature),
            TopP = request.TopP ?? AIValues.ToDouble(options.TopP),
            FrequencyPenalty = request.FrequencyPenalty ?? AIValues.ToDouble(options.FrequencyPenalty),
            PresencePenalty = request.PresencePenalty ?? AIValues.ToDouble(options.PresencePenalty),
            MaxOutputTokens = request.MaxOutputTokens ?? options.MaxOutputTokens,
            Tools = tools,
            ToolChoice = request.ToolChoice ?? (tools is null ? null : From(options.ToolMode)),
            ParallelToolCalls = request.ParallelToolCalls ?? (tools is null ? null : options.AllowMultipleToolCalls),
            Text = request.Text ?? From(options.ResponseFormat, options),
            Reasoning = request.Reasoning ?? From(options.Reasoning),
            ExtensionData = AddProviderMembers(request.ExtensionData, options),
        };
    }

    /// <summary>What the Responses API has no member for; the server forwards it to the model's provider.</summary>
    private static IDictionary<string, JsonElement>? AddProviderMembers(IDictionary<string, JsonElement>? members, ChatOptions options)
    {
        members = AIValues.Add(members, "top_k", options.TopK);
        members = AIValues.Add(members, "seed", options.Seed);
        return AIValues.Add(members, "stop", options.StopSequences is { Count: > 0 } stop ? stop : null);
    }

    private static ResponseTool? From(AITool tool, ChatOptions options) => tool switch
    {
        AIFunctionDeclaration function => new ResponseFunctionTool
        {
            Name = function.Name,
            Description = string.IsNullOrEmpty(function.Description) ? null : function.Description,
            Parameters = function.JsonSchema,
            Strict = AIValues.Strict(function.AdditionalProperties) ?? AIValues.Strict(options.AdditionalProperties),
        },
        HostedWebSearchTool => new ResponseWebSearchTool(),
        HostedFileSearchTool search => new ResponseFileSearchTool
        {
            VectorStoreIds = [.. search.Inputs?.OfType<HostedVectorStoreContent>().Select(static store => store.VectorStoreId) ?? []],
            MaxNumResults = search.MaximumResultCount,
        },
        HostedMcpServerTool mcp => From(mcp),
        _ => null,
    };

    private static ResponseMcpTool From(HostedMcpServerTool tool)
    {
        var isUrl = Uri.TryCreate(tool.ServerAddress, UriKind.Absolute, out _);

        // The server refuses an Authorization among the headers; it has a member of its own.
        var headers = tool.Headers?.Where(static header => !IsAuthorization(header.Key)).ToDictionary();
        var authorization = tool.Headers?.FirstOrDefault(static header => IsAuthorization(header.Key)).Value;
        return new ResponseMcpTool
        {
            ServerLabel = tool.ServerName,
            ServerDescription = tool.ServerDescription,
            ServerUrl = isUrl ? tool.ServerAddress : null,
            ConnectorId = isUrl ? null : tool.ServerAddress,
            Headers = headers is { Count: > 0 } ? headers : null,
            Authorization = authorization?.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) == true ? authorization["Bearer ".Length..] : authorization,
            AllowedTools = tool.AllowedTools is { } allowed ? Names(allowed) : null,
            RequireApproval = tool.ApprovalMode switch
            {
                HostedMcpServerToolAlwaysRequireApprovalMode => "always",
                HostedMcpServerToolNeverRequireApprovalMode => "never",
                HostedMcpServerToolRequireSpecificApprovalMode mode => new JsonObject
                {
                    ["always"] = Names(mode.AlwaysRequireApprovalToolNames),
                    ["never"] = Names(mode.NeverRequireApprovalToolNames),
                },
                _ => null,
            },
        };
    }

    private static bool IsAuthorization(string header) => string.Equals(header, "Authorization", StringComparison.OrdinalIgnoreCase);

    private static JsonArray? Names(IList<string>? names) => names is null ? null : new JsonArray([.. names.Select(static name => JsonValue.Create(name))]);

    private static JsonNode? From(ChatToolMode? mode) => mode switch
    {
        NoneChatToolMode => "none",
        AutoChatToolMode => "auto",
        RequiredChatToolMode { RequiredFunctionName: { } name } => new ResponseFunctionTool { Name = name }.ToToolChoice(),
        RequiredChatToolMode => "required",
        _ => null,
    };

    private static ResponseText? From(ChatResponseFormat? format, ChatOptions options) => format switch
    {
        ChatResponseFormatJson { Schema: { } schema } json => new ResponseText
        {
            Format = new ResponseTextFormat
            {
                Type = "json_schema",
                Name = json.SchemaName ?? "answer",
                Description = json.SchemaDescription,
                Schema = schema,
                Strict = AIValues.Strict(options.AdditionalProperties),
            },
        },
        ChatResponseFormatJson => new ResponseText { Format = new ResponseTextFormat { Type = "json_object" } },
        _ => null,
    };

    private static ResponseReasoning? From(ReasoningOptions? reasoning) => reasoning is null ? null : new ResponseReasoning
    {
        Effort = AIValues.Effort(reasoning.Effort),
        Summary = reasoning.Output switch
        {
            ReasoningOutput.Summary => "concise",
            ReasoningOutput.Full => "detailed",
            _ => null,
        },
    };

    private static IEnumerable<ResponseItem> Items(ResponseInput? input) =>
        input?.Items ?? (input?.Text is { } text ? [new ResponseMessageItem { Role = "user", Content = text }] : []);

    /// <summary>A message as items: what was an item of the server goes back as it came, texts and images between are put together.</summary>
    private static IEnumerable<ResponseItem> From(ChatMessage message)
    {
        var items = new List<ResponseItem>();
        var parts = new List<ResponseContentPart>();
        foreach (var content in message.Contents)
        {
            if (Item(content) is { } item)
            {
                AddMessage();
                items.Add(item);
            }
            else if (Part(content, message.Role) is { } part)
            {
                parts.Add(part);
            }
        }

        AddMessage();
        return items;

        void AddMessage()
        {
            if (parts.Count > 0)
            {
                // The model's own words as a plain text: as parts the server wants them with ids.
                var asText = parts.TrueForAll(static part => part.Type == "input_text") && (parts.Count == 1 || message.Role == ChatRole.Assistant);
                var text = string.Concat(parts.Select(static part => part.Text));
                items.Add(new ResponseMessageItem { Role = message.Role.Value, Content = asText ? text : new ResponseContent([.. parts]) });
                parts.Clear();
            }
        }
    }

    private static ResponseItem? Item(AIContent content) => content switch
    {
        { RawRepresentation: ResponseItem raw } => raw,
        FunctionCallContent call => new ResponseFunctionCallItem { CallId = call.CallId, Name = call.Name, Arguments = AIValues.Arguments(call.Arguments) },
        FunctionResultContent result => new ResponseFunctionCallOutputItem { CallId = result.CallId, Output = AIValues.ResultText(result.Result) },
        ToolApprovalResponseContent approval => new ResponseMcpApprovalResponseItem
        {
            ApprovalRequestId = approval.RequestId,
            Approve = approval.Approved,
            Reason = approval.Reason,
        },
        _ => null,
    };

    private static ResponseContentPart? Part(AIContent content, ChatRole role) => content switch
    {
        TextContent { Text: var text } => ResponseContentPart.OfText(text),
        _ when role == ChatRole.Assistant => null,
        UriContent uri when uri.HasTopLevelMediaType("image") => ResponseContentPart.OfImage(uri.Uri.AbsoluteUri),
        DataContent data when data.HasTopLevelMediaType("image") => ResponseContentPart.OfImage(data.Uri),
        UriContent uri => new ResponseContentPart { Type = "input_file", FileUrl = uri.Uri.AbsoluteUri },
        DataContent data => new ResponseContentPart { Type = "input_file", FileData = data.Uri, Filename = data.Name },
        HostedFileContent file => new ResponseContentPart { Type = "input_file", FileId = file.FileId, Filename = file.Name },
        _ => null,
    };
}
