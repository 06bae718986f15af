using System.Text;
using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>What an application or another library has put on a span, made harmless: MLflow refuses the whole request for one such value.</summary>
internal static class AttributeRules
{
    /// <summary>Python's JSON reader gives up at some 1,000.</summary>
    private const int MaxNesting = 500;

    /// <summary>Gets what stands before JSON that MLflow cannot read, so that it takes it for the text that it is.</summary>
    public static ReadOnlySpan<byte> TooDeep => "(nested too deeply for MLflow) "u8;

    /// <summary>The value as it can be sent, or null where it cannot.</summary>
    public static object? Fitting(string key, object value) => key switch
    {
        // Where MLflow looks for a session or a user, on any span, a value too long is refused.
        SemanticAttributes.SessionId or SemanticAttributes.UserId or GenAIAttributes.ConversationId when value is string text => TraceSummary.Cut(text, TraceSummary.MaxIdLength),
        MlflowAttributes.Llm.Cost or MlflowAttributes.Chat.TokenUsage => value is string json && IsObjectOfNumbers(json) ? json : null,
        MlflowAttributes.TraceRequestId => null,
        _ when value is string text && (text.StartsWith('[') || text.StartsWith('{')) && IsTooDeep(text) => $"{Encoding.UTF8.GetString(TooDeep)}{text}",
        _ => value,
    };

    public static bool IsTooDeep(ReadOnlySpan<byte> json) =>
        json.Count((byte)'[') + json.Count((byte)'{') > MaxNesting && Depth(json, (byte)'[', (byte)'{', (byte)']', (byte)'}') > MaxNesting;

    private static bool IsTooDeep(ReadOnlySpan<char> json) => json.Count('[') + json.Count('{') > MaxNesting && Depth(json, '[', '{', ']', '}') > MaxNesting;

    /// <summary>Brackets within texts count too: rather one text too many than a request lost.</summary>
    private static int Depth<T>(ReadOnlySpan<T> json, T openList, T openObject, T closeList, T closeObject)
        where T : IEquatable<T>
    {
        var (depth, deepest) = (0, 0);
        foreach (var character in json)
        {
            if (character.Equals(openList) || character.Equals(openObject))
            {
                deepest = Math.Max(deepest, ++depth);
            }
            else if (character.Equals(closeList) || character.Equals(closeObject))
            {
                depth--;
            }
        }

        return deepest;
    }

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
