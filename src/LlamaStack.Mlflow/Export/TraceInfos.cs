using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace LlamaStack.Mlflow;

/// <summary>Tells the server by REST what its OTLP endpoint cannot take, for the traces that need it: it costs the server as much as five traces do.</summary>
internal sealed class TraceInfos(MlflowClient client, MlflowTracingOptions options, DeliveryState state)
{
    /// <summary>Tells of the traces of a batch whose spans have arrived. What fails for good is said, and costs no spans.</summary>
    /// <param name="batch">The traces.</param>
    /// <param name="target">Where their spans went.</param>
    /// <param name="tryAsync">Sends again while that can help.</param>
    /// <param name="cancellationToken">Ends it when the application stops.</param>
    public async Task SendAsync(
        IReadOnlyList<CompletedTrace> batch,
        MlflowServer.Target target,
        Func<Func<CancellationToken, Task<ExportAnswer>>, CancellationToken, Task<ExportAnswer>> tryAsync,
        CancellationToken cancellationToken)
    {
        var hasFailed = false;
        foreach (var trace in batch)
        {
            if (trace.Summary is not { } summary || !IsNeeded(trace, summary, target))
            {
                continue;
            }

            // Once one has failed in spite of all tries, the others of the batch get one each: spans wait behind them.
            var info = Info(trace, summary, target);
            var answer = hasFailed
                ? await SendAsync(info, cancellationToken).ConfigureAwait(false)
                : await tryAsync(token => SendAsync(info, token), cancellationToken).ConfigureAwait(false);
            hasFailed |= answer.Result is not ExportResult.Delivered;
            if (answer.Result is ExportResult.Delivered)
            {
                state.TraceInfoWorks();
            }
            else
            {
                // The spans are there, and on servers from 3.14 on the root's attributes have told the most of it.
                state.TraceInfoFails(info.TraceId, answer.Problem!);
            }
        }
    }

    private async Task<ExportAnswer> SendAsync(StartTraceInfo info, CancellationToken cancellationToken)
    {
        try
        {
            await client.StartTraceAsync(info, cancellationToken).ConfigureAwait(false);
            return ExportAnswer.Delivered;
        }
        catch (MlflowException e)
        {
            var answer = ExportAnswer.Of(e);

            // An internal error may be this trace's own.
            return e.StatusCode is HttpStatusCode.InternalServerError && answer.Result is ExportResult.TryAgain
                ? answer with { Result = ExportResult.TryAgainBriefly }
                : answer;
        }
    }

    /// <summary>A trace whose root is the caller's is the caller's to tell of: state, times and name would be overwritten by ours.</summary>
    private bool IsNeeded(CompletedTrace trace, TraceSummary summary, MlflowServer.Target target) =>
        !(options.CallersExportToMlflow && trace.CallersSpan != default)
        && (!target.TellsAllByAttributes
        || summary.RequestPreview is not null
        || summary.ResponsePreview is not null
        || trace.Details is { ClientRequestId: not null } or { Metadata.Length: > 0 });

    private static StartTraceInfo Info(CompletedTrace trace, TraceSummary summary, MlflowServer.Target target)
    {
        var root = trace.Root!;
        var start = trace.Spans.Min(span => span.StartTimeUtc);
        var end = trace.Spans.Max(span => span.StartTimeUtc + span.Duration);
        Dictionary<string, string> metadata = [];
        foreach (var (key, value) in trace.Details?.Metadata ?? [])
        {
            metadata[TraceSummary.Cut(key, 250)!] = TraceSummary.Cut(value, 8000)!;
        }

        Add(metadata, MlflowAttributes.Metadata.Session, summary.Session);
        Add(metadata, MlflowAttributes.Metadata.User, summary.User);
        Add(metadata, MlflowAttributes.Metadata.TokenUsage, SpanAttributes.TokenUsageOf(trace));
        Dictionary<string, string> tags = new() { [MlflowAttributes.Tag.TraceName] = summary.Name };
        foreach (var (key, value) in trace.Details?.Tags ?? [])
        {
            tags[TraceSummary.Cut(key, 250)!] = TraceSummary.Cut(value, 8000)!;
        }

        return new StartTraceInfo(
            $"tr-{trace.TraceId.ToHexString()}",
            TraceLocation.Of(target.ExperimentId),
            start.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"{(end - start).TotalSeconds:0.0######}s"),
            root.Status is ActivityStatusCode.Error || summary.Failure is not null ? "ERROR" : "OK",
            target.TellsAllByAttributes ? summary.RequestPreview : summary.WholeRequestPreview,
            target.TellsAllByAttributes ? summary.ResponsePreview : summary.WholeResponsePreview,
            TraceSummary.Cut(trace.Details?.ClientRequestId, 50),
            metadata,
            tags);
    }

    private static void Add(Dictionary<string, string> metadata, string key, string? value)
    {
        if (value is not null)
        {
            metadata[key] = value;
        }
    }
}
