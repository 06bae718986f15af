using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Client;

/// <summary>A function offered to the model.</summary>
public sealed record ChatTool : WireObject
{
    /// <summary>Gets the kind of tool; the server knows <c>function</c> only.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the function.</summary>
    public ChatFunction? Function { get; init; }

    /// <summary>Makes a tool of a function.</summary>
    /// <param name="name">The name by which the model calls it.</param>
    /// <param name="description">What it does, told to the model.</param>
    /// <param name="parameters">A JSON schema of its arguments; without one it has none.</param>
    /// <returns>A tool of type <c>function</c>.</returns>
    public static ChatTool OfFunction(string name, string? description = null, JsonElement? parameters = null) =>
        new() { Type = "function", Function = new ChatFunction { Name = name, Description = description, Parameters = parameters } };

    /// <summary>Makes the value of <see cref="ChatCompletionRequest.ToolChoice"/> that makes the model call this function.</summary>
    /// <returns>The choice.</returns>
    public JsonNode ToToolChoice() => new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = Function?.Name } };
}

/// <summary>What a function does and takes.</summary>
public sealed record ChatFunction : WireObject
{
    /// <summary>Gets the name by which the model calls it.</summary>
    public string? Name { get; init; }

    /// <summary>Gets what it does, told to the model.</summary>
    public string? Description { get; init; }

    /// <summary>Gets the JSON schema of its arguments.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>Gets whether the provider must follow the schema to the letter.</summary>
    public bool? Strict { get; init; }
}

/// <summary>A function call that the model asks for; in a stream, a fragment of one.</summary>
public sealed record ChatToolCall : WireObject
{
    /// <summary>Gets the place of the call in the answer, to put fragments of a stream together. <see langword="null"/> outside of streams.</summary>
    public int? Index { get; init; }

    /// <summary>Gets the id that the result must name. In a stream, on the first fragment only.</summary>
    public string? Id { get; init; }

    /// <summary>Gets <c>function</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Gets the function and its arguments.</summary>
    public ChatFunctionCall? Function { get; init; }
}

/// <summary>A function's name and its arguments.</summary>
public sealed record ChatFunctionCall : WireObject
{
    /// <summary>Gets the function's name. In a stream, on the first fragment only.</summary>
    public string? Name { get; init; }

    /// <summary>Gets the arguments as JSON text, as the model wrote it: it may be invalid. In a stream, the next piece of that text.</summary>
    public string? Arguments { get; init; }
}
