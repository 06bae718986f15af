using System.IO.Compression;
using System.Net.Http.Headers;

namespace LlamaStack.Mlflow;

/// <summary>One OTLP request to the experiment that takes the traces.</summary>
internal sealed class TracesPost(HttpClient http, TracesRoute route, MlflowServer server, MlflowTracingOptions options, TimeProvider time)
{
    /// <summary>Sends traces once.</summary>
    /// <returns>The answer, and where they went.</returns>
    public async Task<(ExportAnswer Answer, MlflowServer.Target? Target)> SendAsync(IReadOnlyList<EncodedTrace> traces, CancellationToken cancellationToken)
    {
        try
        {
            var target = await server.GetTargetAsync(cancellationToken).ConfigureAwait(false);
            var answer = await SendAsync(traces, target, cancellationToken).ConfigureAwait(false);
            if (answer.Result is ExportResult.ExperimentGone)
            {
                // Deleted for good, or the server has a new database: it is looked for anew, once.
                server.Forget();
                target = await server.GetTargetAsync(cancellationToken).ConfigureAwait(false);
                answer = await SendAsync(traces, target, cancellationToken).ConfigureAwait(false);
            }

            return (answer, target);
        }
        catch (MlflowException e)
        {
            return (ExportAnswer.Of(e), null);
        }
    }

    private async Task<ExportAnswer> SendAsync(IReadOnlyList<EncodedTrace> traces, MlflowServer.Target target, CancellationToken cancellationToken)
    {
        var parts = BodyOf(traces);
        List<PartsContent> sent = [];
        try
        {
            using var response = await route.PostAsync(http, target.ExperimentId, NewContent, cancellationToken).ConfigureAwait(false);
            var body = response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            return ExportAnswer.Of(response, body, http.BaseAddress, time.GetUtcNow());
        }
        catch (HttpRequestException e) when (e is { HttpRequestError: HttpRequestError.Unknown or HttpRequestError.ResponseEnded, InnerException: IOException })
        {
            // The server has gone, or someone on the way takes no request of that size and says so without reading it: then its answer is lost.
            return new ExportAnswer(ExportResult.TryAgainBriefly, MlflowErrors.BrokenOff(http.BaseAddress));
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return ExportAnswer.Of(MlflowErrors.Unreachable(http.BaseAddress, e));
        }
        finally
        {
            if (sent.Exists(static content => content.IsBeingRead))
            {
                foreach (var trace in traces)
                {
                    trace.MayBeRead = true;
                }
            }
        }

        PartsContent NewContent()
        {
            var content = new PartsContent(parts);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
            if (options.Compress)
            {
                content.Headers.ContentEncoding.Add("gzip");
            }

            sent.Add(content);
            return content;
        }
    }

    /// <summary>The body in parts; compressed it is one.</summary>
    private IReadOnlyList<ReadOnlyMemory<byte>> BodyOf(IReadOnlyList<EncodedTrace> traces)
    {
        var parts = OtlpRequest.PartsOf(traces);
        if (!options.Compress)
        {
            return [.. parts];
        }

        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            foreach (var part in parts)
            {
                gzip.Write(part.Span);
            }
        }

        return [compressed.GetBuffer().AsMemory(0, (int)compressed.Length)];
    }
}
