using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A page of a search, and the token for the next one.</summary>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? NextToken)
{
    /// <summary>The last page has no token.</summary>
    public JsonObject AddToken(JsonObject body)
    {
        if (NextToken is not null)
        {
            body["next_page_token"] = NextToken;
        }

        return body;
    }
}
