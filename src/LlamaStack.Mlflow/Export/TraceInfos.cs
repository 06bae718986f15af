using System.Diagnostics;
using System.Globalization;

namespace LlamaStack.Mlflow;

/// <summary>Tells the server by REST what its OTLP endpoint cannot take, for the traces that need it: it costs the server as much as five traces do.</summary>
internal sealed class TraceInfos(MlflowClient client, DeliveryState state)
{
    public async Task SendAsync(IReadOnlyList<CompletedTrace> batch, MlflowServer.Target target, CancellationToken cancellationToken)
    {
        foreach (var trace in batch)
        {
            if (trace.Summary is not { } summary || !IsNeeded(trace, summary, target))
            {
                continue;
            }

            try
            {
                await client.StartTraceAsync(Info(trace, summary, target), cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e)
            {
                // The spans are there, and on servers from 3.14 on the root's attributes have told the most of it.
                state.TraceInfoFailed($"tr-{trace.TraceId.ToHexString()}", e.Message);
            }
        }
    }

    private static bool IsNeeded(CompletedTrace trace, TraceSummary summary, MlflowServer.Target target) =>
        !target.TellsAllByAttributes
        || summary.RequestPreview is not null
        || summary.ResponsePreview is not null
        || trace.Details is { ClientRequestId: not null } or { Metadata.Length: > 0 };

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
        Add(metadata, MlflowAttributes.Metadata.TokenUsage, SpanAttributes.TokenUsageOf(trace.Spans));
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
            summary.RequestPreview,
            summary.ResponsePreview,
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
