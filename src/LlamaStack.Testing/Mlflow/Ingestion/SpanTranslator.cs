using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Turns a span as sent into a span as stored: values become JSON text, and GenAI attributes are read into MLflow's own where those are missing.</summary>
internal sealed class SpanTranslator(MlflowBehaviour behaviour)
{
    private static readonly Dictionary<string, string> _types = new()
    {
        ["chat"] = "CHAT_MODEL",
        ["create_agent"] = "AGENT",
        ["invoke_agent"] = "AGENT",
        ["embeddings"] = "EMBEDDING",
        ["execute_tool"] = "TOOL",
        ["generate_content"] = "LLM",
        ["text_completion"] = "LLM",
        ["response"] = "LLM",
    };

    public SpanRow Translate(OtlpTestSpan span, string traceId)
    {
        var attributes = new StoredAttributes();
        foreach (var (key, value) in span.Attributes.Where(attribute => !IsForeignTag(span, attribute.Key)))
        {
            attributes[key] = Store(value);
        }

        attributes[MlflowKeys.RequestId] = PythonJson.Spaced(traceId);

        // The column keeps what the client said; a translated type goes into the attributes only.
        var type = attributes.Value(MlflowKeys.SpanType)?.ToString();
        Fill(span, attributes);
        return new SpanRow(span, attributes, type);
    }

    /// <summary>A root's attempt to set a tag of the server's leaves no trace.</summary>
    private bool IsForeignTag(OtlpTestSpan span, string key) =>
        behaviour.OwnsSpansLocation && span.ParentSpanId is null
        && key.StartsWith(MlflowKeys.TraceTagPrefix, StringComparison.Ordinal) && MlflowKeys.IsServerOwned(key[MlflowKeys.TraceTagPrefix.Length..]);

    /// <summary>JSON text of an object, a list or a string is stored as it is; everything else is dumped.</summary>
    private string Store(JsonNode? value)
    {
        var structured = value is JsonValue && value.GetValueKind() == JsonValueKind.String
            && MlflowJson.TryParse(value.GetValue<string>(), out var parsed)
            && (parsed is JsonObject || (parsed is JsonArray && behaviour.JsonArrays) || parsed?.GetValueKind() == JsonValueKind.String);
        return structured ? value!.GetValue<string>() : PythonJson.Spaced(value);
    }

    private void Fill(OtlpTestSpan span, StoredAttributes attributes)
    {
        var type = attributes.Value(MlflowKeys.SpanType)?.ToString();
        if ((type is null || (type == "UNKNOWN" && behaviour.OverridesUnknownType)) && TypeOf(attributes) is { } translated)
        {
            attributes[MlflowKeys.SpanType] = PythonJson.Spaced(translated);
        }

        FillWith(attributes, MlflowKeys.SpanInputs, attributes.Filled("gen_ai.input.messages", "gen_ai.tool.call.arguments") ?? GenAIEvents.Inputs(span.Events));
        FillWith(attributes, MlflowKeys.SpanOutputs, attributes.Filled("gen_ai.output.messages", "gen_ai.tool.call.result") ?? GenAIEvents.Outputs(span.Events));
        if (!attributes.Has(MlflowKeys.ChatUsage) && GenAIUsage.Read(attributes, behaviour) is { } usage)
        {
            attributes[MlflowKeys.ChatUsage] = PythonJson.Spaced(usage);
        }

        if (behaviour.ToolDefinitions)
        {
            FillWith(attributes, MlflowKeys.ChatTools, attributes.Filled("gen_ai.tool.definitions"));
        }

        if (behaviour.ModelAndCost)
        {
            FillWith(attributes, MlflowKeys.Model, attributes.Filled("gen_ai.response.model", "gen_ai.request.model") ?? ModelIn(attributes));
            FillWith(attributes, MlflowKeys.Provider, attributes.Filled("gen_ai.provider.name", "gen_ai.system"));
        }
    }

    /// <summary>Only an operation that MLflow knows has a type; else a request model makes it a model's span.</summary>
    private static string? TypeOf(StoredAttributes attributes) =>
        _types.GetValueOrDefault(attributes.Value("gen_ai.operation.name")?.ToString() ?? "") ?? (attributes.Has("gen_ai.request.model") ? "LLM" : null);

    /// <summary>The member <c>model</c> of the inputs, then of the outputs.</summary>
    private static string? ModelIn(StoredAttributes attributes)
    {
        foreach (var key in (ReadOnlySpan<string>)[MlflowKeys.SpanInputs, MlflowKeys.SpanOutputs])
        {
            if (attributes.Value(key) is JsonObject members && !MlflowJson.IsEmpty(members["model"]))
            {
                return members["model"] is JsonValue name && name.TryGetValue<string>(out var text) ? PythonJson.Spaced(text) : null;
            }
        }

        return null;
    }

    private static void FillWith(StoredAttributes attributes, string key, string? text)
    {
        if (text is not null && !attributes.Has(key))
        {
            attributes[key] = text;
        }
    }
}
