using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;

namespace LlamaStack.SemanticKernel;

/// <summary>Inside the loop that calls functions, around each exchange with the server: what the kernel and Microsoft.Extensions.AI lose between each other.</summary>
internal sealed class ExchangeChatClient(IChatClient innerClient, bool keepContent) : DelegatingChatClient(innerClient)
{
    private const string RefusalCode = "Refusal";

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var response = await base.GetResponseAsync(Joined(messages), Prepared(options, messages), cancellationToken).ConfigureAwait(false);
        foreach (var message in response.Messages)
        {
            TellUnknown(message.Contents, options);
            message.AdditionalProperties = Described(message.AdditionalProperties, message.Contents, response.ResponseId, response.FinishReason);
        }

        return response;
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var update in base.GetStreamingResponseAsync(Joined(messages), Prepared(options, messages), cancellationToken).ConfigureAwait(false))
        {
            TellUnknown(update.Contents, options);
            update.AdditionalProperties = Described(update.AdditionalProperties, update.Contents, update.ResponseId, update.FinishReason);
            yield return update;
        }
    }

    /// <summary>The loop takes its spans from the source that it finds here. It finds none: the kernel's filters make them, and one function is one span.</summary>
    public override object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceType == typeof(ActivitySource) ? null : base.GetService(serviceType, serviceKey);

    /// <summary>A function that was not offered, and so is not there to be called: the loop only tells the model.</summary>
    private void TellUnknown(IList<AIContent> contents, ChatOptions? options)
    {
        foreach (var call in contents.OfType<FunctionCallContent>())
        {
            if (options?.Tools is not { Count: > 0 } tools || tools.Any(tool => tool.Name == call.Name))
            {
                continue;
            }

            using var span = LlamaStackTrace.StartTool(call.Name, call.CallId);
            span.SetError(new MissingMethodException($"The model asked for '{call.Name}', which it was not offered."), keepContent);
            if (keepContent && call.Arguments is { } arguments)
            {
                span.SetInputs(JsonSerializer.SerializeToNode(arguments, AIJsonUtilities.DefaultOptions) as JsonObject);
            }
        }
    }

    /// <summary>The kernel's streamed turns leave parallel calls as one message each in the history; providers want all calls of an answer in one.</summary>
    private static List<ChatMessage> Joined(IEnumerable<ChatMessage> messages)
    {
        List<ChatMessage> joined = [];
        foreach (var message in messages)
        {
            if (IsCalls(message) && joined is [.., var last] && IsCalls(last))
            {
                joined[^1] = new ChatMessage(ChatRole.Assistant, [.. last.Contents, .. message.Contents]) { AuthorName = last.AuthorName };
            }
            else
            {
                joined.Add(message);
            }
        }

        return joined;
    }

    private static bool IsCalls(ChatMessage message) =>
        message.Role == ChatRole.Assistant && message.Contents.Count > 0 && message.Contents.All(static content => content is FunctionCallContent);

    private static ChatOptions? Prepared(ChatOptions? options, IEnumerable<ChatMessage> messages)
    {
        if (options is null)
        {
            return null;
        }

        var prepared = options.Clone();
        KernelTools.Prepare(prepared);
        OpenAISettings.Prepare(prepared, messages);

        // The kernel takes every JSON object for a schema. One that is a whole response_format goes to the server as it stands.
        if (prepared.ResponseFormat is ChatResponseFormatJson { Schema: { ValueKind: JsonValueKind.Object } format } && IsWireFormat(format))
        {
            prepared.ResponseFormat = null;
            (prepared.AdditionalProperties ??= [])[ResponseFormats.Key] = format;
        }

        return prepared;
    }

    private static bool IsWireFormat(JsonElement format) =>
        format.TryGetProperty("type", out var type) && type.ValueKind is JsonValueKind.String && type.GetString() is "json_schema" or "json_object" or "text";

    /// <summary>What becomes the kernel's metadata, under the names that its OpenAI connector uses.</summary>
    private static AdditionalPropertiesDictionary? Described(
        AdditionalPropertiesDictionary? properties, IList<AIContent> contents, string? id, ChatFinishReason? finishReason)
    {
        if (finishReason is not { } reason)
        {
            return properties;
        }

        properties ??= [];
        properties["Id"] = id;
        properties["FinishReason"] = reason.Value;
        if (contents.OfType<ErrorContent>().FirstOrDefault(static error => error.ErrorCode == RefusalCode) is { } refusal)
        {
            properties["Refusal"] = refusal.Message;
        }

        return properties;
    }
}
