using System.Security.Claims;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.AspNetCore;

/// <summary>What of a request becomes part of its trace.</summary>
public sealed class RequestTracingOptions
{
    /// <summary>Gets or sets the response header that tells the trace's id.</summary>
    /// <value>Defaults to <c>X-Trace-Id</c>; null for none.</value>
    public string? TraceIdHeader { get; set; } = "X-Trace-Id";

    /// <summary>Gets or sets how a request tells the session that it belongs to.</summary>
    /// <value>Defaults to the header <c>X-Session-Id</c>. A result of null or blanks is none; 250 printable characters are kept.</value>
    /// <remarks>What a client sends is untrusted: it says which conversation this is, it proves nothing. Without one the conversation id of the Responses API is the session.</remarks>
    public Func<HttpContext, string?> Session { get; set; } = static context => context.Request.Headers["X-Session-Id"];

    /// <summary>Gets or sets how a request tells its user.</summary>
    /// <value>Defaults to the name identifier claim of the authenticated user. A result of null or blanks is none; 250 printable characters are kept.</value>
    public Func<HttpContext, string?> User { get; set; } = static context => context.User.FindFirstValue(ClaimTypes.NameIdentifier);
}
