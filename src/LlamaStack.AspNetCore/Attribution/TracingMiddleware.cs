using System.Diagnostics;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace LlamaStack.AspNetCore;

/// <summary>Tells the trace of a request its name, session and user, and the caller the trace's id.</summary>
internal sealed class TracingMiddleware(RequestDelegate next, IOptions<RequestTracingOptions> options, IOptions<MlflowTracingOptions> tracing)
{
    private const int MaxLength = 250;

    private readonly RequestTracingOptions _options = options.Value;
    private readonly bool _honorIncomingSampling = tracing.Value.EffectiveHonorIncomingSampling;

    public async Task InvokeAsync(HttpContext context)
    {
        using var own = StartOwnRoot(context);
        if (Activity.Current is not { IsAllDataRequested: true } current)
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        var trace = TraceDetails.OfOrNew(current);
        trace.Name ??= NameOf(context);
        if (_options.TraceIdHeader is { Length: > 0 } header && LlamaStackTrace.CurrentTraceId is { } traceId)
        {
            context.Response.OnStarting(() =>
            {
                context.Response.Headers[header] = traceId;
                return Task.CompletedTask;
            });
        }

        using var scope = LlamaStackTrace.BeginScope(Clean(_options.Session(context)), Clean(_options.User(context)));
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (Exception e) when (own is not null)
        {
            own.AddException(e);
            own.SetStatus(ActivityStatusCode.Error, e.Message);
            throw;
        }
        finally
        {
            // Where routing comes after this middleware, the route is known only now.
            trace.Name ??= NameOf(context);
            own?.DisplayName = trace.Name ?? own.DisplayName;
        }
    }

    /// <summary>
    /// A caller who says "not sampled" (every .NET program without tracing does) leaves the request's own span unrecorded, and all below it. It is not forced:
    /// the application's other exporters would get what its sampler refused. The trace gets a root of its own, linked to the caller's.
    /// </summary>
    private Activity? StartOwnRoot(HttpContext context) =>
        Activity.Current is { Recorded: false } && !_honorIncomingSampling
            ? SpanStarter.Start(NameOf(context) ?? context.Request.Method, ActivityKind.Server, null, honorIncomingSampling: false)
            : null;

    /// <summary>Method and route template: few different names, no ids in them.</summary>
    private static string? NameOf(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route }
            ? $"{context.Request.Method} {(route.StartsWith('/') ? route : "/" + route)}"
            : null;

    private static string? Clean(string? value)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            return null;
        }

        var text = value.Length > MaxLength ? value[..(char.IsHighSurrogate(value[MaxLength - 1]) ? MaxLength - 1 : MaxLength)] : value;
        return text.Any(char.IsControl) ? string.Concat(text.Where(static character => !char.IsControl(character))) : text;
    }
}
