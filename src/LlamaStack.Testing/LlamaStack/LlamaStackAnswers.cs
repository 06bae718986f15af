using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

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
