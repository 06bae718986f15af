using LlamaStack.AspNetCore;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Endpoints for traces of model calls.</summary>
public static class LlamaStackEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Takes feedback on answers: thumbs, scores, comments and expectations become assessments of the answer's trace in MLflow, with source type <c>HUMAN</c> and the user.
    /// Only for a trace that this application has answered with, which the token proves.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="pattern">The route; <c>POST</c> with JSON: <c>{"token", "value", "comment", "name", "expectation", "traceId"}</c>.</param>
    /// <returns>The endpoint, for the application's own rules: <c>.RequireAuthorization()</c>, <c>.RequireRateLimiting("…")</c>.</returns>
    /// <exception cref="InvalidOperationException"><c>WithFeedback()</c> was not called.</exception>
    /// <remarks>
    /// Answers 201 with the assessment's id, or a problem document: 400 names the member that is wrong; 403 for a token that has ended, was altered, or is another trace's or
    /// user's, and for pages of another origin; 413; 415; 502 and 503 while MLflow does not take it, or has not got the trace yet.
    /// </remarks>
    public static IEndpointConventionBuilder MapLlamaStackFeedback(this IEndpointRouteBuilder endpoints, string pattern = "/feedback")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var feedback = endpoints.ServiceProvider.GetService<FeedbackEndpoint>()
            ?? throw new InvalidOperationException("MapLlamaStackFeedback() needs what WithFeedback() registers: builder.Services.AddLlamaStack().WithMlflowTracing().WithFeedback().");
        return endpoints.MapPost(pattern, (RequestDelegate)feedback.TakeAsync).WithDisplayName("LlamaStack feedback");
    }
}
