using System.Text.Json;

namespace LlamaStack.Client;

/// <summary>The form of an answer.</summary>
public sealed record ChatCompletionFormat : WireObject
{
    /// <summary>Gets <c>text</c>, <c>json_object</c> or <c>json_schema</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the schema, with <c>json_schema</c>.</summary>
    public ChatJsonSchema? JsonSchema { get; init; }
}

/// <summary>The schema that an answer follows.</summary>
public sealed record ChatJsonSchema : WireObject
{
    /// <summary>Gets the schema's name; the server wants one.</summary>
    public string? Name { get; init; }

    /// <summary>Gets what the schema is for, told to the model.</summary>
    public string? Description { get; init; }

    /// <summary>Gets whether the provider must follow the schema to the letter.</summary>
    public bool? Strict { get; init; }

    /// <summary>Gets the JSON schema.</summary>
    public JsonElement? Schema { get; init; }
}
