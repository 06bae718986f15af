using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>What an application or another library has put on a span, made harmless: MLflow refuses the whole request for one such value.</summary>
internal static class AttributeRules
{
    /// <summary>The value as it can be sent, or null where it cannot.</summary>
    public static object? Fitting(string key, object value) => key switch
    {
        // Where MLflow looks for a session or a user, on any span, a value too long is refused.
        SemanticAttributes.SessionId or SemanticAttributes.UserId or GenAIAttributes.ConversationId when value is string text => TraceSummary.Cut(text, TraceSummary.MaxIdLength),
        MlflowAttributes.Llm.Cost or MlflowAttributes.Chat.TokenUsage => value is string json && IsObjectOfNumbers(json) ? json : null,
        MlflowAttributes.TraceRequestId => null,
        _ => value,
    };

    private static bool IsObjectOfNumbers(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind is JsonValueKind.Object && document.RootElement.EnumerateObject().All(member => member.Value.ValueKind is JsonValueKind.Number);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
