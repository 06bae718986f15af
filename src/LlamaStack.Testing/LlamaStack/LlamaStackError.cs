using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>An error answer, in one of the server's two shapes.</summary>
internal sealed class LlamaStackError(int status, string message, JsonObject body) : Exception(message)
{
    public int Status { get; } = status;

    public JsonObject Body { get; } = body;

    /// <summary>Answers of the authentication layer have no length.</summary>
    public bool Chunked { get; init; }

    /// <summary><c>{"error":{"message":…}}</c>: most endpoints, and validation everywhere.</summary>
    public static LlamaStackError Error(int status, string message) =>
        new(status, message, new JsonObject { ["error"] = new JsonObject { ["message"] = message } });

    /// <summary><c>{"detail":…}</c>: Responses, unknown paths and methods.</summary>
    public static LlamaStackError Detail(int status, string message) => new(status, message, new JsonObject { ["detail"] = message });

    public static LlamaStackError Unauthorized(string message) =>
        new(StatusCodes.Status401Unauthorized, message, new JsonObject { ["error"] = new JsonObject { ["message"] = message } }) { Chunked = true };

    public static LlamaStackError ModelNotFound(string model) =>
        Error(StatusCodes.Status404NotFound, $"Model '{model}' not found. Use 'client.models.list()' to list available Models.");
}

/// <summary>Writes JSON answers.</summary>
internal static class LlamaStackAnswers
{
    public static Task WriteJsonAsync(this Call call, JsonNode body) => WriteAsync(call, StatusCodes.Status200OK, body, chunked: false);

    public static Task WriteErrorAsync(this Call call, LlamaStackError error) => WriteAsync(call, error.Status, error.Body, error.Chunked);

    private static async Task WriteAsync(Call call, int status, JsonNode body, bool chunked)
    {
        var bytes = Encoding.UTF8.GetBytes(PythonJson.Compact(body));
        call.Response.StatusCode = status;
        call.Response.ContentType = "application/json";
        call.Response.ContentLength = chunked ? null : bytes.Length;
        if (!HttpMethods.IsHead(call.Request.Method))
        {
            await call.Response.Body.WriteAsync(bytes, call.Aborted).ConfigureAwait(false);
        }
    }
}
