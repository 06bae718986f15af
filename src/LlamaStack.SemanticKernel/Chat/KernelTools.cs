using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel;

/// <summary>The kernel's functions as the server is told of them.</summary>
internal static class KernelTools
{
    /// <summary>The option by which settings that want strict schemas say so to the exchange; no member of the wire.</summary>
    private const string StrictKey = "LlamaStack.StrictTools";

    private static readonly AIJsonSchemaTransformOptions _plain = new() { TransformSchemaNode = WithoutCondition };

    private static readonly AIJsonSchemaTransformOptions _strict =
        new() { TransformSchemaNode = WithoutCondition, DisallowAdditionalProperties = true, RequireAllProperties = true };

    /// <summary>The same settings; those that want strict schemas say so in a way that the kernel passes on.</summary>
    public static PromptExecutionSettings? Prepared(PromptExecutionSettings? settings, ChatHistory history, Kernel? kernel)
    {
        if (settings?.FunctionChoiceBehavior?.GetConfiguration(new(history) { Kernel = kernel }).Options is not { AllowStrictSchemaAdherence: true })
        {
            return settings;
        }

        var prepared = settings.Clone();
        (prepared.ExtensionData ??= new Dictionary<string, object>())[StrictKey] = true;
        return prepared;
    }

    /// <summary>Changes the tools of an exchange to what the server is told.</summary>
    public static void Prepare(ChatOptions options)
    {
        var isStrict = options.AdditionalProperties?.Remove(StrictKey) is true;
        options.Tools = options.Tools is { } tools ? [.. tools.Select(tool => tool is AIFunctionDeclaration function ? new Told(function, isStrict) : tool)] : null;
    }

    /// <summary>The kernel repeats the description in the schema, under a name that no schema knows. The model would read, and the caller pay for, both.</summary>
    private static JsonNode WithoutCondition(AIJsonSchemaTransformContext context, JsonNode node)
    {
        if (context.Path.IsEmpty)
        {
            (node as JsonObject)?.Remove("condition");
        }

        return node;
    }

    private sealed class Told(AIFunctionDeclaration function, bool isStrict) : AIFunctionDeclaration
    {
        private static readonly Dictionary<string, object?> _isStrict = new() { ["strict"] = true };

        public override string Name => function.Name;

        public override string Description => function.Description;

        public override JsonElement JsonSchema { get; } = AIJsonUtilities.TransformSchema(function.JsonSchema, isStrict ? _strict : _plain);

        public override IReadOnlyDictionary<string, object?> AdditionalProperties => isStrict ? _isStrict : function.AdditionalProperties;
    }
}
