using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>What both chat clients translate alike between Microsoft.Extensions.AI and the wire.</summary>
internal static class AIValues
{
    /// <summary>The key by which tools and options of Microsoft.Extensions.AI ask for strict schemas; no member of the wire.</summary>
    private const string StrictKey = "strict";

    /// <summary>The error code by which Microsoft.Extensions.AI's OpenAI client marks a refusal.</summary>
    public const string RefusalCode = "Refusal";

    /// <summary>The number the caller wrote: 0.7f as 0.7, not as 0.699999988.</summary>
    public static double? ToDouble(float? value) =>
        value is { } number ? double.Parse(number.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null;

    public static bool? Strict(IReadOnlyDictionary<string, object?>? properties) =>
        properties is not null && properties.TryGetValue(StrictKey, out var value) && value is bool strict ? strict : null;

    public static string? Effort(ReasoningEffort? effort) => effort switch
    {
        ReasoningEffort.None => "none",
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        ReasoningEffort.High => "high",
        ReasoningEffort.ExtraHigh => "xhigh",
        _ => null,
    };

    public static ChatFinishReason? FinishReason(string? reason) => reason switch
    {
        null => null,
        "stop" => ChatFinishReason.Stop,
        "length" or "max_output_tokens" => ChatFinishReason.Length,
        "tool_calls" or "function_call" => ChatFinishReason.ToolCalls,
        "content_filter" => ChatFinishReason.ContentFilter,
        _ => new ChatFinishReason(reason),
    };

    /// <summary>A call as the model wrote it; arguments that are no JSON object become the content's exception.</summary>
    public static FunctionCallContent FunctionCall(string? callId, string? name, string? arguments, object? raw)
    {
        var content = FunctionCallContent.CreateFromParsedArguments(
            string.IsNullOrWhiteSpace(arguments) ? "{}" : arguments,
            string.IsNullOrEmpty(callId) ? $"call_{Guid.NewGuid():N}" : callId,
            name ?? "",
            static json => JsonSerializer.Deserialize(json, InfoOf<IDictionary<string, object?>>())!);
        content.RawRepresentation = raw;
        return content;
    }

    /// <summary>Arguments as the model would write them, without the indents of Microsoft.Extensions.AI's own options.</summary>
    public static string Arguments(IDictionary<string, object?>? arguments) =>
        JsonSerializer.SerializeToNode(arguments, InfoOf<IDictionary<string, object?>>()!)?.ToJsonString(Wire.Json.Options) ?? "{}";

    /// <summary>A function's result as a plain string, which every server understands.</summary>
    public static string ResultText(object? result) => result switch
    {
        null => "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        TextContent text => text.Text,
        IEnumerable<AIContent> contents => string.Concat(contents.OfType<TextContent>().Select(static content => content.Text)),
        _ => ToNode(result)?.ToJsonString(Wire.Json.Options) ?? result.ToString() ?? "",
    };

    /// <summary>The further members of a request and one more, unless there is no value, or the member is there.</summary>
    public static IDictionary<string, JsonElement>? Add<T>(IDictionary<string, JsonElement>? members, string name, T value) =>
        value is null || members?.ContainsKey(name) == true
            ? members
            : new Dictionary<string, JsonElement>(members ?? new Dictionary<string, JsonElement>())
            {
                [name] = JsonSerializer.SerializeToElement(value, InfoOf<T>()),
            };

    /// <summary>A request with the caller's additional properties as members: known names replace what is there, others are added, null takes away.</summary>
    public static T With<T>(T request, JsonTypeInfo<T> info, AdditionalPropertiesDictionary? properties)
    {
        if (properties is not { Count: > 0 })
        {
            return request;
        }

        var members = JsonSerializer.SerializeToNode(request, info)!.AsObject();
        foreach (var (name, value) in properties)
        {
            if (name == StrictKey)
            {
                continue;
            }

            if (value is null)
            {
                members.Remove(name);
            }
            else if (ToNode(value) is { } node)
            {
                members[name] = node;
            }
        }

        try
        {
            return members.Deserialize(info)!;
        }
        catch (JsonException exception)
        {
            throw new ArgumentException($"An additional property of the options does not fit the request: {exception.Message}", nameof(properties), exception);
        }
    }

    /// <summary>A value as JSON, or null where nobody knows how to write it.</summary>
    private static JsonNode? ToNode(object value)
    {
        try
        {
            return value switch
            {
                JsonNode node => node.DeepClone(),
                IEnumerable<string> texts => JsonSerializer.SerializeToNode(texts, InfoOf<IEnumerable<string>>()),
                _ => JsonSerializer.SerializeToNode(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(value.GetType())),
            };
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    private static JsonTypeInfo<T> InfoOf<T>() => (JsonTypeInfo<T>)AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(T));
}
