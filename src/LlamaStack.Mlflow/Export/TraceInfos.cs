using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace LlamaStack.Mlflow;

/// <summary>Tells the server by REST what its OTLP endpoint cannot take, for the traces that need it: it costs the server as much as five traces do.</summary>
internal sealed class TraceInfos(MlflowClient client, MlflowServer server, MlflowTracingOptions options, DeliveryState state)
{
    private static readonly TraceLocation _unknown = TraceLocation.Of("");

    /// <summary>Gets a value indicating whether a trace may need it that has nothing to say that attributes cannot: on an older server, on one not known yet, on one that comes later.</summary>
    public bool MayBeNeeded => options.SpoolDirectory is { Length: > 0 } || server.Known is not { TellsAllByAttributes: true };

    /// <summary>Is something to be told of this trace that attributes cannot tell to any server?</summary>
    public bool TellsMore(CompletedTrace trace) =>
        options.IncludeSource
        || trace.Summary is { RequestPreview: not null } or { ResponsePreview: not null }
        || trace.Details is { ClientRequestId: not null } or { Metadata.Length: > 0 };

    /// <summary>What is told of a trace, without the experiment.</summary>
    /// <param name="trace">The trace, with its root.</param>
    /// <param name="sums">What its parts so far add up to; this one is added.</param>
    public StartTraceInfo Of(CompletedTrace trace, TraceSums sums)
    {
        var summary = trace.Summary!;
        var metadata = new Dictionary<string, string>(TraceSource.Metadata);
        foreach (var known in trace.Details?.Metadata ?? [])
        {
            var (key, value) = TraceTags.Fitting(known);
            metadata[key] = value;
        }

        Add(metadata, MlflowAttributes.Metadata.SourceRun, TraceLinks.RunOf(trace.Details, options));
        Add(metadata, MlflowAttributes.Metadata.Session, summary.Session);
        Add(metadata, MlflowAttributes.Metadata.User, summary.User);
        Dictionary<string, string> tags = new() { [MlflowAttributes.Tag.TraceName] = summary.Name };
        foreach (var (key, value) in TraceTags.Of(trace.Details))
        {
            tags[key] = value;
        }

        var info = new StartTraceInfo(
            EncodedTrace.IdOf(trace.TraceId),
            _unknown,
            "",
            "",
            trace.Root!.Status is ActivityStatusCode.Error || summary.Failure is not null ? "ERROR" : "OK",
            summary.WholeRequestPreview,
            summary.WholeResponsePreview,
            TraceSummary.Cut(trace.Details?.ClientRequestId, 50),
            metadata,
            tags);
        return Of(trace, sums, info);
    }

    /// <summary>What is told anew of a trace of which another part has come: it lasted longer, it took more tokens.</summary>
    /// <param name="trace">The part.</param>
    /// <param name="sums">What its parts so far add up to; this one is added.</param>
    /// <param name="before">What was told of it.</param>
    public static StartTraceInfo Of(CompletedTrace trace, TraceSums sums, StartTraceInfo before)
    {
        sums.Add(trace);
        var metadata = new Dictionary<string, string>(before.Metadata);
        Add(metadata, MlflowAttributes.Metadata.TokenUsage, sums.Tokens?.ToJson());
        return before with
        {
            RequestTime = sums.Start.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
            ExecutionDuration = string.Create(CultureInfo.InvariantCulture, $"{(sums.End - sums.Start).TotalSeconds:0.0######}s"),
            Metadata = metadata,
        };
    }

    /// <summary>Tells of the traces of a batch whose spans have arrived. What fails for good is said, and costs no spans.</summary>
    /// <param name="batch">The traces.</param>
    /// <param name="target">Where their spans went.</param>
    /// <param name="tryAsync">Sends again while that can help.</param>
    /// <param name="cancellationToken">Ends it when the application stops.</param>
    public async Task SendAsync(
        IReadOnlyList<EncodedTrace> batch,
        MlflowServer.Target target,
        Func<Func<CancellationToken, Task<ExportAnswer>>, CancellationToken, Task<ExportAnswer>> tryAsync,
        CancellationToken cancellationToken)
    {
        var hasFailed = false;
        foreach (var (traceId, tell) in TellingsOf(batch, target))
        {
            // Once one has failed in spite of all tries, the others of the batch get one each: spans wait behind them.
            var answer = hasFailed
                ? await TellAsync(tell, cancellationToken).ConfigureAwait(false)
                : await tryAsync(token => TellAsync(tell, token), cancellationToken).ConfigureAwait(false);
            hasFailed |= answer.Result is not ExportResult.Delivered;
            if (answer.Result is ExportResult.Delivered)
            {
                state.TraceInfoWorks();
            }
            else
            {
                // The spans are there, and on servers from 3.14 on the root's attributes have told the most of it.
                state.TraceInfoFails(EncodedTrace.IdOf(traceId), answer.Problem!);
            }
        }
    }

    /// <summary>The requests that the traces of a batch need beyond their spans. A run is told once of all its traces.</summary>
    private IEnumerable<(ActivityTraceId TraceId, Func<CancellationToken, Task> Tell)> TellingsOf(IReadOnlyList<EncodedTrace> batch, MlflowServer.Target target)
    {
        foreach (var trace in batch)
        {
            if (trace.Info is { } known && (trace.TellsMore || !target.TellsAllByAttributes))
            {
                var info = known with { TraceLocation = TraceLocation.Of(target.ExperimentId) };
                yield return (trace.TraceId, token => client.StartTraceAsync(info, token));
            }

            if (trace.Links is { Prompts: { Count: > 0 } prompts })
            {
                yield return (trace.TraceId, token => client.LinkPromptsAsync(trace.Id, prompts, token));
            }
        }

        foreach (var run in batch.Where(static trace => trace.Links?.RunId is not null).GroupBy(static trace => trace.Links!.RunId!))
        {
            yield return (run.First().TraceId, token => client.LinkTracesToRunAsync(run.Key, run.Select(static trace => trace.Id).Distinct(), token));
        }
    }

    private static async Task<ExportAnswer> TellAsync(Func<CancellationToken, Task> tell, CancellationToken cancellationToken)
    {
        try
        {
            await tell(cancellationToken).ConfigureAwait(false);
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

    private static void Add(Dictionary<string, string> metadata, string key, string? value)
    {
        if (value is not null)
        {
            metadata[key] = value;
        }
    }
}
