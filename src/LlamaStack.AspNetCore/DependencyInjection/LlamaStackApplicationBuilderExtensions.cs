using LlamaStack.AspNetCore;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Middleware for traces of model calls.</summary>
public static class LlamaStackApplicationBuilderExtensions
{
    /// <summary>
    /// Names the trace of a request after its route, tells it the session and the user, and answers with its id. Below a caller who says "not sampled" it keeps
    /// the trace whole.
    /// </summary>
    /// <param name="app">The application; behind authentication, so that the user is known.</param>
    /// <returns>The same application.</returns>
    public static IApplicationBuilder UseLlamaStackTracing(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.UseMiddleware<TracingMiddleware>();
    }
}
