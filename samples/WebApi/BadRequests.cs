using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;

namespace WebApi;

/// <summary>A body that cannot be read is a 400 that names the member.</summary>
internal sealed class BadRequests : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException bad)
        {
            return false;
        }

        var json = bad.InnerException as JsonException;
        var member = json?.Path is { Length: > 2 } path ? path[2..] : "body";
        await TypedResults.Problem(new HttpValidationProblemDetails(new Dictionary<string, string[]> { [member] = [json?.Message ?? bad.Message] }) { Status = bad.StatusCode }).ExecuteAsync(httpContext);
        return true;
    }
}
