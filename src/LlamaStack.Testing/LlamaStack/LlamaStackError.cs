using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>An error answer, in one of the server's two shapes.</summary>
internal sealed class LlamaStackError(int status, string message, JsonObject body) : Exception(message)
{
    public int Status { get; } = status;

    public JsonObject Body { get; } = body;

    /// <summary>Answers that come from in front of the routes have no length.</summary>
    public bool Chunked { get; init; }

    /// <summary><c>{"error":{"message":…}}</c>: most endpoints, and validation everywhere.</summary>
    public static LlamaStackError Error(int status, string message) =>
        new(status, message, new JsonObject { ["error"] = new JsonObject { ["message"] = message } });

    /// <summary><c>{"detail":…}</c>: Responses, unknown paths and methods.</summary>
    public static LlamaStackError Detail(int status, string message) => new(status, message, new JsonObject { ["detail"] = message });

    public static LlamaStackError InFront(int status, string message) =>
        new(status, message, new JsonObject { ["error"] = new JsonObject { ["message"] = message } }) { Chunked = true };

    public static LlamaStackError ModelNotFound(string model) =>
        Error(StatusCodes.Status404NotFound, $"Model '{model}' not found. Use 'client.models.list()' to list available Models.");
}
