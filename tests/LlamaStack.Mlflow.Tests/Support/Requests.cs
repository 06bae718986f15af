using System.Diagnostics;

namespace LlamaStack.Mlflow.Tests;

/// <summary>The activity that ASP.NET Core starts for a request, without a request.</summary>
internal static class Requests
{
    private static readonly ActivitySource _source = new("Microsoft.AspNetCore");

    /// <summary>Starts the activity; it is current until it is disposed.</summary>
    /// <param name="traceParent">What the caller sent.</param>
    /// <param name="traceState">What the caller sent with it.</param>
    public static Activity Start(string? traceParent = null, string? traceState = null)
    {
        Activity.Current = null;
        ActivityContext context = default;
        if (traceParent is not null)
        {
            Assert.True(ActivityContext.TryParse(traceParent, traceState, isRemote: true, out context));
        }

        return _source.StartActivity("Microsoft.AspNetCore.Hosting.HttpRequestIn", ActivityKind.Server, context)
            ?? throw new InvalidOperationException("Nobody listens to Microsoft.AspNetCore, or the sampler says no.");
    }
}
