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
        // Settings of another connector have a property for it, and the kernel fails to write it down where it is more than a word.
        if (settings?.GetType().GetProperty("ResponseFormat") is { CanWrite: true } property && property.GetValue(settings) is { } value and not (string or JsonElement))
        {
            var derived = settings.Clone();
            property.SetValue(derived, Of(value));
            return derived;
        }

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
        Type type => OfType(type),
        ChatResponseFormatJson { Schema: { } schema } json => OfSchema(json.SchemaName, schema, isStrict: null),
        ChatResponseFormatJson => "json_object",
        ChatResponseFormat => "text",
        _ when format.GetType().GetInterfaces().Any(static type => type.Namespace is "System.ClientModel.Primitives") => throw new NotSupportedException(
            $"A {format.GetType()} is for the OpenAI connector only: set response_format to a type, a JSON schema, or a {typeof(ChatResponseFormat)} instead."),
        _ => JsonSerializer.SerializeToElement(format, AIJsonUtilities.DefaultOptions),
    };

    /// <summary>A type's schema as the kernel's own connectors write it: with the names that its members have, and strict.</summary>
    private static JsonElement OfType(Type type)
    {
        var format = (ChatResponseFormatJson)ChatResponseFormat.ForJsonSchema(type, JsonSerializerOptions.Default);
        var schema = AIJsonUtilities.TransformSchema(format.Schema!.Value, new() { DisallowAdditionalProperties = true, RequireAllProperties = true });
        return OfSchema(format.SchemaName, schema, isStrict: true);
    }

    private static JsonElement OfSchema(string? name, JsonElement schema, bool? isStrict)
    {
        var described = new JsonObject { ["name"] = name ?? "answer", ["schema"] = JsonObject.Create(schema) };
        if (isStrict is not null)
        {
            described["strict"] = isStrict;
        }

        return JsonSerializer.SerializeToElement(new JsonObject { ["type"] = "json_schema", ["json_schema"] = described });
    }
}
