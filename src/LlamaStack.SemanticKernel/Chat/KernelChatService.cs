using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel;

/// <summary>The kernel's own service over a chat client, with settings that reach it whole.</summary>
internal sealed class KernelChatService(IChatCompletionService service) : IChatCompletionService
{
    public IReadOnlyDictionary<string, object?> Attributes => service.Attributes;

    public Task<IReadOnlyList<ChatMessageContent>> GetChatMessageContentsAsync(
        ChatHistory chatHistory, PromptExecutionSettings? executionSettings = null, Kernel? kernel = null, CancellationToken cancellationToken = default) =>
        service.GetChatMessageContentsAsync(chatHistory, ResponseFormats.Prepared(executionSettings), kernel, cancellationToken);

    public IAsyncEnumerable<StreamingChatMessageContent> GetStreamingChatMessageContentsAsync(
        ChatHistory chatHistory, PromptExecutionSettings? executionSettings = null, Kernel? kernel = null, CancellationToken cancellationToken = default) =>
        service.GetStreamingChatMessageContentsAsync(chatHistory, ResponseFormats.Prepared(executionSettings), kernel, cancellationToken);
}
