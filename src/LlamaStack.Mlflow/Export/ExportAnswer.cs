using System.Net;
using System.Net.Http.Headers;

namespace LlamaStack.Mlflow;

/// <summary>What became of a request, and what is to be done about it.</summary>
internal sealed record ExportAnswer(ExportResult Result, string? Problem = null, TimeSpan? RetryAfter = null)
{
    public static ExportAnswer Delivered { get; } = new(ExportResult.Delivered);

    /// <summary>Exactly the answers that are worth a second try; MLflow's 400 of two inserts at once is one of them.</summary>
    public static ExportAnswer Of(HttpResponseMessage response, string body, Uri? address, DateTimeOffset now)
    {
        if (response.IsSuccessStatusCode)
        {
            return Delivered;
        }

        var error = MlflowErrors.Of(response, body, address);
        var result = response.StatusCode switch
        {
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => ExportResult.TryAgain,
            HttpStatusCode.InternalServerError when error.ErrorCode is "FEATURE_DISABLED" => ExportResult.Refused,
            HttpStatusCode.InternalServerError => ExportResult.TryAgainBriefly,
            HttpStatusCode.RequestEntityTooLarge => ExportResult.TooBig,
            HttpStatusCode.BadRequest when IsConcurrentInsert(body) => ExportResult.TryAgainBriefly,
            HttpStatusCode.BadRequest when error.ErrorCode is "INVALID_PARAMETER_VALUE" || body.Contains("Invalid OpenTelemetry", StringComparison.Ordinal) => ExportResult.Poisoned,
            HttpStatusCode.NotFound when error.ErrorCode is "RESOURCE_DOES_NOT_EXIST" => ExportResult.ExperimentGone,

            // Up to 3.8 all errors of the store are told in these words.
            HttpStatusCode.UnprocessableEntity when body.Contains("No Experiment with id", StringComparison.Ordinal) => ExportResult.ExperimentGone,
            HttpStatusCode.UnprocessableEntity when body.Contains("Cannot convert", StringComparison.Ordinal) || body.Contains("Failed to log", StringComparison.Ordinal) => ExportResult.Poisoned,
            _ => ExportResult.Refused,
        };
        return new ExportAnswer(result, error.Message, Wait(response.Headers.RetryAfter, now));
    }

    /// <summary>The same of a question by REST, or of no answer at all.</summary>
    public static ExportAnswer Of(MlflowException exception) => new(
        exception switch
        {
            { ErrorCode: "FEATURE_DISABLED" } => ExportResult.Refused,
            { StatusCode: null or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout } => ExportResult.TryAgain,
            { StatusCode: >= HttpStatusCode.InternalServerError and not HttpStatusCode.NotImplemented } => ExportResult.TryAgain,
            _ => ExportResult.Refused,
        },
        exception.Message);

    /// <summary>How long the server wants to be left alone; a wait of no time is none, for whoever keeps to it makes a storm.</summary>
    private static TimeSpan? Wait(RetryConditionHeaderValue? retryAfter, DateTimeOffset now)
    {
        var wait = retryAfter?.Delta ?? (retryAfter?.Date - now);
        return wait > TimeSpan.Zero ? wait : null;
    }

    private static bool IsConcurrentInsert(string body) =>
        body.Contains("UNIQUE constraint", StringComparison.Ordinal)
        || body.Contains("UniqueViolation", StringComparison.Ordinal)
        || (body.Contains("already exists", StringComparison.Ordinal) && !body.Contains("in another experiment", StringComparison.Ordinal));
}
