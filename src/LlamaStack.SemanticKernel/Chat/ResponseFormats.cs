using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel;

/// <summary>The forms in which <c>response_format</c> is given. The kernel itself knows the words and JSON elements, and drops the others without a sound.</summary>
internal static class ResponseFormats
{
    public const string Key = "response_format";

    /// <summary>The same settings, with a format that the kernel passes on.</summary>
    public static PromptExecutionSettings? Prepared(PromptExecutionSettings? settings)
    {
        if (settings?.ExtensionData?.FirstOrDefault(static entry => entry.Key.Equals(Key, StringComparison.OrdinalIgnoreCase)) is not { Value: { } format } entry
            || format is string or JsonElement)
        {
            return settings;
        }

        var prepared = settings.Clone();
        prepared.ExtensionData![entry.Key] = Of(format);
        return prepared;
    }

    private static object Of(object format) => format switch
    {
        Type type => Of(ChatResponseFormat.ForJsonSchema(type)),
        ChatResponseFormatJson { Schema: { } schema } json => JsonSerializer.SerializeToElement(new JsonObject
        {
            ["type"] = "json_schema",
            ["json_schema"] = new JsonObject { ["name"] = json.SchemaName ?? "answer", ["schema"] = JsonObject.Create(schema) },
        }),
        ChatResponseFormatJson => "json_object",
        ChatResponseFormat => "text",
        _ => JsonSerializer.SerializeToElement(format, AIJsonUtilities.DefaultOptions),
    };
}
