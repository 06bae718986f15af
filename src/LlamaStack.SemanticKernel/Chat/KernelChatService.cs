using System.Runtime.CompilerServices;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel;

/// <summary>The kernel's own service over a chat client, with settings that reach it whole.</summary>
internal sealed class KernelChatService(IChatCompletionService service) : IChatCompletionService
{
    public IReadOnlyDictionary<string, object?> Attributes => service.Attributes;

    public async Task<IReadOnlyList<ChatMessageContent>> GetChatMessageContentsAsync(
        ChatHistory chatHistory, PromptExecutionSettings? executionSettings = null, Kernel? kernel = null, CancellationToken cancellationToken = default)
    {
        var messages = await service.GetChatMessageContentsAsync(chatHistory, Prepared(executionSettings, chatHistory, kernel), kernel, cancellationToken).ConfigureAwait(false);

        foreach (var message in messages.Where(static message => message.Role == AuthorRole.Tool && string.IsNullOrEmpty(message.Content)))
        {
            message.Content = ResultOf(message);
        }

        return messages;
    }

    public async IAsyncEnumerable<StreamingChatMessageContent> GetStreamingChatMessageContentsAsync(
        ChatHistory chatHistory, PromptExecutionSettings? executionSettings = null, Kernel? kernel = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var isEndedByFunction = false;
        var pieces = service.GetStreamingChatMessageContentsAsync(chatHistory, Prepared(executionSettings, chatHistory, kernel), kernel, cancellationToken);
        await foreach (var piece in pieces.ConfigureAwait(false))
        {
            isEndedByFunction = piece.Role == AuthorRole.Tool;
            yield return piece;
        }

        if (isEndedByFunction)
        {
            yield return new StreamingChatMessageContent(AuthorRole.Tool, ResultOf(chatHistory[^1]));
        }
    }

    private static PromptExecutionSettings? Prepared(PromptExecutionSettings? settings, ChatHistory history, Kernel? kernel) =>
        KernelTools.Prepared(ResponseFormats.Prepared(settings), history, kernel);

    /// <summary>A filter ended the turn with a function: its result is the answer, as it is with the kernel's own connectors.</summary>
    private static string? ResultOf(ChatMessageContent message) => message.Items.OfType<FunctionResultContent>().LastOrDefault()?.Result?.ToString();
}
