using System.Diagnostics;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LlamaStack.AspNetCore;

/// <summary>Tells the trace of a request its name, session and user, and the caller the trace's id.</summary>
internal sealed class TracingMiddleware(
    RequestDelegate next, IOptions<RequestTracingOptions> options, IOptions<MlflowTracingOptions> tracing, IOptions<FeedbackOptions> feedback, ILogger<TracingMiddleware> logger, FeedbackTokens? tokens = null)
{
    private readonly RequestTracingOptions _options = options.Value;
    private readonly bool _honorIncomingSampling = tracing.Value.EffectiveHonorIncomingSampling;
    private readonly ContentPolicy _content = tracing.Value.CreateContentPolicy();
    private int _saidQuestionFailed;

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
        var user = Ask(nameof(RequestTracingOptions.User), _options.User, context);
        if (LlamaStackTrace.CurrentTraceId is { } traceId)
        {
            context.Response.OnStarting(() =>
            {
                TellTrace(context.Response.Headers, traceId, user);
                return Task.CompletedTask;
            });
        }

        using var scope = LlamaStackTrace.BeginScope(Ask(nameof(RequestTracingOptions.Session), _options.Session, context), user);
        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError)
            {
                Fail(current, null);
            }
        }
        catch (Exception e)
        {
            if (own is not null)
            {
                _content.AddException(own, e);
            }

            Fail(current, e);
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

    private void TellTrace(IHeaderDictionary headers, string traceId, string? user)
    {
        if (_options.TraceIdHeader is { Length: > 0 } header)
        {
            headers[header] = traceId;
        }

        if (tokens is not null && feedback.Value.TokenHeader is { Length: > 0 } tokenHeader)
        {
            headers[tokenHeader] = tokens.Create(traceId, user);
        }
    }

    /// <summary>The request failed; what an exception says may quote the prompt, so its words are content.</summary>
    private void Fail(Activity request, Exception? exception)
    {
        if (request.Status is not ActivityStatusCode.Unset)
        {
            return;
        }

        if (exception is not null)
        {
            request.SetTag(SemanticAttributes.ErrorType, exception.GetType().FullName);
        }

        request.SetStatus(ActivityStatusCode.Error, exception is null ? null : _content.Text(exception.Message));
    }

    /// <summary>What the application makes of a request. It is the application's own code: it may throw.</summary>
    private string? Ask(string name, Func<HttpContext, string?> question, HttpContext context)
    {
        try
        {
            return RequestText.Clean(question(context));
        }
        catch (Exception e)
        {
            if (Interlocked.Exchange(ref _saidQuestionFailed, 1) == 0)
            {
                logger.QuestionFailed(name, e);
            }

            return null;
        }
    }

    /// <summary>Method and route template: few different names, no ids in them.</summary>
    private static string? NameOf(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route }
            ? $"{context.Request.Method} {(route.StartsWith('/') ? route : "/" + route)}"
            : null;
}
