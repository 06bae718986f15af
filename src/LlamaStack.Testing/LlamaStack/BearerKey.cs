using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>The server's bearer authentication, with its three refusals.</summary>
internal static class BearerKey
{
    private const string Scheme = "Bearer ";

    public static void Check(Call call, string key)
    {
        var given = call.Http.Request.Headers.Authorization.ToString();
        if (given.Length == 0)
        {
            throw LlamaStackError.InFront(StatusCodes.Status401Unauthorized, "Authentication required");
        }

        if (!given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw LlamaStackError.InFront(StatusCodes.Status401Unauthorized, "Invalid Authorization header format");
        }

        if (given[Scheme.Length..] != key)
        {
            throw LlamaStackError.InFront(StatusCodes.Status401Unauthorized, "Invalid or missing API key");
        }
    }
}
