using LlamaStack.Client;
using Microsoft.AspNetCore.Diagnostics;

namespace WebApi;

/// <summary>An error of the model server as a problem-details answer in its own words: what the caller did wrong stays a 4xx, the rest is a bad gateway.</summary>
internal sealed class ModelServerErrors(ILogger<ModelServerErrors> logger) : IExceptionHandler
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

        // Whoever has asked for a stream of events alone is told, too: IProblemDetailsService would write nothing.
        await TypedResults.Problem(error.Message, statusCode: status, title: "The model server could not answer.").ExecuteAsync(httpContext);
        return true;
    }
}
