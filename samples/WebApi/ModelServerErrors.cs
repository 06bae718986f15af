using LlamaStack.Client;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace WebApi;

/// <summary>An error of the model server as a problem-details answer in its own words: what the caller did wrong stays a 4xx, the rest is a bad gateway.</summary>
internal sealed class ModelServerErrors(IProblemDetailsService problems, ILogger<ModelServerErrors> logger) : IExceptionHandler
{
    public static int StatusOf(LlamaStackException exception) => exception switch
    {
        { IsTimeout: true } => StatusCodes.Status504GatewayTimeout,
        { StatusCode: { } status } when (int)status is >= 400 and < 500 => (int)status,
        _ => StatusCodes.Status502BadGateway,
    };

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not LlamaStackException error)
        {
            return false;
        }

        var status = StatusOf(error);
        logger.ModelCallFailed(status, error.Message);
        httpContext.Response.StatusCode = status;
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails { Status = status, Title = "The model server could not answer.", Detail = error.Message },
        });
    }
}
