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
        var messages = await service.GetChatMessageContentsAsync(chatHistory, ResponseFormats.Prepared(executionSettings), kernel, cancellationToken).ConfigureAwait(false);

        // A filter ended the turn with a function: its result is the answer, as it is with the kernel's own connectors.
        foreach (var message in messages.Where(static message => message.Role == AuthorRole.Tool && string.IsNullOrEmpty(message.Content)))
        {
            message.Content = message.Items.OfType<FunctionResultContent>().LastOrDefault()?.Result?.ToString();
        }

        return messages;
    }

    public IAsyncEnumerable<StreamingChatMessageContent> GetStreamingChatMessageContentsAsync(
        ChatHistory chatHistory, PromptExecutionSettings? executionSettings = null, Kernel? kernel = null, CancellationToken cancellationToken = default) =>
        service.GetStreamingChatMessageContentsAsync(chatHistory, ResponseFormats.Prepared(executionSettings), kernel, cancellationToken);
}
