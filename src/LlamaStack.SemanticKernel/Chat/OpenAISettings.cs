using Microsoft.Extensions.AI;

namespace LlamaStack.SemanticKernel;

/// <summary>What becomes of <c>OpenAIPromptExecutionSettings</c> on their way through the kernel, put right.</summary>
internal static class OpenAISettings
{
    private const string ToolCallBehavior = "toolCallBehavior";
    private const string TokenSelectionBiases = "token_selection_biases";

    public static void Prepare(ChatOptions options, IEnumerable<ChatMessage> messages)
    {
        if (options.AdditionalProperties is { } properties)
        {
            if (properties.ContainsKey(ToolCallBehavior))
            {
                throw new NotSupportedException("ToolCallBehavior is the OpenAI connector's own: no function would be offered or called. Set FunctionChoiceBehavior in the prompt execution settings instead.");
            }

            if (properties.Remove(TokenSelectionBiases, out var biases))
            {
                properties["logit_bias"] = biases;
            }
        }

        // The settings put their prompt before the conversation, and the kernel tells of it a second time.
        if (options.Instructions is { } prompt && messages.FirstOrDefault() is { } first && first.Text == prompt && first.Role != ChatRole.User && first.Role != ChatRole.Assistant)
        {
            options.Instructions = null;
        }
    }
}
