using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>The usage member of chat completions and of the last chunk.</summary>
internal static class ChatUsage
{
    public const string Fingerprint = "fp_canned";

    /// <summary>Every choice is paid for.</summary>
    public static JsonObject Of(ChatRequest request, CannedAnswer answer) => new()
    {
        ["completion_tokens"] = request.Choices * answer.CompletionTokens,
        ["prompt_tokens"] = answer.PromptTokens,
        ["total_tokens"] = answer.PromptTokens + (request.Choices * answer.CompletionTokens),
        ["completion_tokens_details"] = new JsonObject
        {
            ["accepted_prediction_tokens"] = null,
            ["audio_tokens"] = null,
            ["reasoning_tokens"] = 0,
            ["rejected_prediction_tokens"] = null,
            ["text_tokens"] = null,
        },
        ["prompt_tokens_details"] = new JsonObject
        {
            ["audio_tokens"] = null,
            ["cache_write_tokens"] = null,
            ["cached_tokens"] = 0,
            ["image_tokens"] = null,
            ["text_tokens"] = null,
        },
    };
}
