using System.Text.Json;

namespace LlamaStack.Client;

/// <summary>The form of a response's text.</summary>
public sealed record ResponseText : WireObject
{
    /// <summary>Gets whether the text is free, any JSON object, or JSON of a schema.</summary>
    public ResponseTextFormat? Format { get; init; }

    /// <summary>Gets <c>low</c>, <c>medium</c> or <c>high</c>.</summary>
    public string? Verbosity { get; init; }
}

/// <summary>Whether a text is free, any JSON object, or JSON of a schema.</summary>
public sealed record ResponseTextFormat : WireObject
{
    /// <summary>Gets <c>text</c>, <c>json_object</c> or <c>json_schema</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the schema's name; the server wants one with <c>json_schema</c>.</summary>
    public string? Name { get; init; }

    /// <summary>Gets what the schema is for; the server does not forward it.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the JSON schema.</summary>
    public JsonElement? Schema { get; init; }

    /// <summary>Gets whether the provider must follow the schema to the letter; the server does not forward it.</summary>
    public bool? Strict { get; init; }
}

/// <summary>How much a reasoning model reasons, and how much of it is told.</summary>
public sealed record ResponseReasoning : WireObject
{
    /// <summary>Gets <c>none</c>, <c>minimal</c>, <c>low</c>, <c>medium</c>, <c>high</c> or <c>xhigh</c>. Without it the response holds no reasoning.</summary>
    public string? Effort { get; init; }

    /// <summary>Gets <c>auto</c>, <c>concise</c> or <c>detailed</c>. A summary costs a second model call.</summary>
    public string? Summary { get; init; }
}
