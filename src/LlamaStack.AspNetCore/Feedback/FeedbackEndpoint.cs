using System.Net;
using System.Text.Json.Nodes;
using LlamaStack.Mlflow;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LlamaStack.AspNetCore;

/// <summary>Takes what a user thinks of an answer, and writes it on the answer's trace in MLflow.</summary>
internal sealed class FeedbackEndpoint(
    FeedbackTokens tokens,
    IServiceProvider services,
    IOptions<FeedbackOptions> options,
    IOptions<RequestTracingOptions> requests,
    IOptions<MlflowTracingOptions> tracing,
    TimeProvider time,
    ILogger<FeedbackEndpoint> logger)
{
    private const string FeedbackName = "user_feedback";
    private const string CommentName = "user_comment";
    private const string ExpectationName = "expected_response";

    /// <summary>A trace is in MLflow a moment after its answer; whoever is faster waits.</summary>
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);
    private const int MaxTries = 10;

    public async Task TakeAsync(HttpContext context)
    {
        try
        {
            var request = await FeedbackRules.ReadAsync(context, options.Value).ConfigureAwait(false);
            var user = RequestText.Clean(requests.Value.User(context));
            var traceId = CheckToken(request, user);
            var assessment = await WriteAsync(traceId, request, user ?? options.Value.AnonymousUser, context.RequestAborted).ConfigureAwait(false);
            context.Response.StatusCode = StatusCodes.Status201Created;
            await context.Response.WriteAsJsonAsync(new FeedbackAnswer(traceId, assessment.Id), FeedbackJson.Default.FeedbackAnswer, cancellationToken: context.RequestAborted).ConfigureAwait(false);
        }
        catch (FeedbackRefusedException e)
        {
            context.Response.StatusCode = e.Status;
            if (e.RetryAfter is { } pause)
            {
                context.Response.Headers.RetryAfter = $"{pause.TotalSeconds:0}";
            }

            await context.Response.WriteAsJsonAsync(
                new ProblemDetails { Status = e.Status, Title = "The feedback was not taken.", Detail = e.Message },
                FeedbackJson.Default.ProblemDetails,
                "application/problem+json",
                context.RequestAborted).ConfigureAwait(false);
        }
    }

    private string CheckToken(FeedbackRequest request, string? user)
    {
        if (!tokens.TryRead(request.Token!, out var traceId, out var owner))
        {
            throw new FeedbackRefusedException(StatusCodes.Status403Forbidden, "The token has ended, or is none of this application's.");
        }

        if (request.TraceId is { } named && named != traceId)
        {
            throw new FeedbackRefusedException(StatusCodes.Status403Forbidden, "The token is for another trace.");
        }

        if (owner is not null && owner != user)
        {
            throw new FeedbackRefusedException(StatusCodes.Status403Forbidden, "The token was given to another user.");
        }

        return traceId;
    }

    private async Task<MlflowAssessment> WriteAsync(string traceId, FeedbackRequest request, string user, CancellationToken cancellationToken)
    {
        if (tracing.Value.TrackingUri is null)
        {
            throw new FeedbackRefusedException(StatusCodes.Status501NotImplemented, "This application does not know where MLflow is: set MLFLOW_TRACKING_URI (LlamaStack:Tracing:TrackingUri), in mode Otlp, too.");
        }

        try
        {
            var mlflow = services.GetRequiredService<MlflowClient>();
            var trace = await FindAsync(mlflow, traceId, cancellationToken).ConfigureAwait(false);
            var source = MlflowAssessmentSource.Human(user);
            if (request.Expectation is { } expectation)
            {
                return await mlflow.LogExpectationAsync(
                    traceId,
                    new MlflowExpectation { Name = request.Name ?? ExpectationName, Value = JsonNode.Parse(expectation.GetRawText())!, Source = source, Metadata = Comment(request) },
                    cancellationToken).ConfigureAwait(false);
            }

            // A comment alone is the value: feedback without one is not taken by every MLflow.
            var feedback = request.Value is { } value
                ? new MlflowFeedback { Name = request.Name ?? FeedbackName, Value = JsonNode.Parse(value.GetRawText()), Source = source, Rationale = request.Comment }
                : new MlflowFeedback { Name = request.Name ?? CommentName, Value = request.Comment, Source = source };

            // Who changes their mind counts once.
            var before = trace.Assessments.LastOrDefault(known => known is { IsFeedback: true, IsValid: true } && known.Name == feedback.Name && known.Source == source);
            return before is null
                ? await mlflow.LogFeedbackAsync(traceId, feedback, cancellationToken).ConfigureAwait(false)
                : await mlflow.OverrideFeedbackAsync(traceId, before.Id, feedback, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e)
        {
            // What MLflow says names addresses and settings: for the log, not for whoever gives feedback.
            logger.FeedbackFailed(traceId, e.Message);
            throw new FeedbackRefusedException(StatusCodes.Status502BadGateway, "MLflow did not take the feedback.") { RetryAfter = e.StatusCode is null or >= HttpStatusCode.InternalServerError ? TimeSpan.FromSeconds(5) : null };
        }
    }

    /// <summary>An expectation has no rationale in MLflow.</summary>
    private static Dictionary<string, string>? Comment(FeedbackRequest request) => request.Comment is { Length: > 0 } comment ? new() { ["comment"] = comment } : null;

    private async Task<MlflowTrace> FindAsync(MlflowClient mlflow, string traceId, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            if (await mlflow.GetTraceAsync(traceId, cancellationToken).ConfigureAwait(false) is { } trace)
            {
                return trace;
            }

            await Task.Delay(_pause, time, cancellationToken).ConfigureAwait(false);
        }

        throw new FeedbackRefusedException(StatusCodes.Status503ServiceUnavailable, "The trace of the answer has not arrived in MLflow yet.") { RetryAfter = TimeSpan.FromSeconds(5) };
    }
}
