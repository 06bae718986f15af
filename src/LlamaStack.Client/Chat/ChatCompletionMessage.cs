namespace LlamaStack.Client;

/// <summary>A message of a conversation, sent or answered; in a stream, what a chunk adds to one.</summary>
public sealed record ChatCompletionMessage : WireObject
{
    /// <summary>Gets <c>system</c>, <c>developer</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</summary>
    /// <value><see langword="null"/> in most chunks of a stream.</value>
    public string? Role { get; init; }

    /// <summary>Gets the text, or the parts.</summary>
    /// <value><see langword="null"/> or empty where the model calls functions instead.</value>
    public ChatContent? Content { get; init; }

    /// <summary>Gets the name of the participant, to tell several with one role apart.</summary>
    public string? Name { get; init; }

    /// <summary>Gets the functions that the model wants called; in a stream, fragments of them, told apart by <see cref="ChatToolCall.Index"/>.</summary>
    public IReadOnlyList<ChatToolCall>? ToolCalls { get; init; }

    /// <summary>Gets the call that a <c>tool</c> message answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>Gets why the model refused.</summary>
    public string? Refusal { get; init; }

    /// <summary>Gets the model's reasoning, as Ollama and Bedrock name it.</summary>
    public string? Reasoning { get; init; }

    /// <summary>Gets the model's reasoning, as vLLM names it.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>Makes a message that tells the model how to behave.</summary>
    /// <param name="content">The instructions.</param>
    /// <returns>A message with the role <c>system</c>.</returns>
    public static ChatCompletionMessage System(ChatContent content) => new() { Role = "system", Content = content };

    /// <summary>Makes a message of the user.</summary>
    /// <param name="content">A text, or parts.</param>
    /// <returns>A message with the role <c>user</c>.</returns>
    public static ChatCompletionMessage User(ChatContent content) => new() { Role = "user", Content = content };

    /// <summary>Makes a message of the model.</summary>
    /// <param name="content">What the model said.</param>
    /// <returns>A message with the role <c>assistant</c>.</returns>
    public static ChatCompletionMessage Assistant(ChatContent content) => new() { Role = "assistant", Content = content };

    /// <summary>Makes the answer to a function call of the model.</summary>
    /// <param name="toolCallId">The <see cref="ChatToolCall.Id"/> of the call.</param>
    /// <param name="content">The result; a plain string is understood by every server.</param>
    /// <returns>A message with the role <c>tool</c>.</returns>
    public static ChatCompletionMessage Tool(string toolCallId, ChatContent content) => new() { Role = "tool", ToolCallId = toolCallId, Content = content };
}
