using System.IO.Compression;
using System.Net.Http.Headers;
using LlamaStack.Instrumentation;
using Polly;
using Polly.Retry;

namespace LlamaStack.Mlflow;

/// <summary>Brings a batch to the server: as one OTLP request, tried again while that can help, split where one trace spoils it for the others.</summary>
internal sealed class MlflowDelivery
{
    private const int BriefTries = 3;

    private readonly HttpClient _http;
    private readonly TracesRoute _route;
    private readonly MlflowServer _server;
    private readonly MlflowTracingOptions _options;
    private readonly DeliveryState _state;
    private readonly OtlpTraces _otlp;
    private readonly TraceInfos _infos;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline<ExportAnswer> _retries;

    public MlflowDelivery(
        HttpClient http, TracesRoute route, MlflowServer server, MlflowClient client, MlflowTracingOptions options, DeliveryState state, TraceResource resource, TimeProvider time)
    {
        _http = http;
        _route = route;
        _server = server;
        _options = options;
        _state = state;
        _otlp = new OtlpTraces(options, resource);
        _infos = new TraceInfos(client, options, state);
        _time = time;
        _retries = new ResiliencePipelineBuilder<ExportAnswer> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<ExportAnswer>
            {
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromSeconds(1),
                MaxDelay = TimeSpan.FromSeconds(30),
                MaxRetryAttempts = int.MaxValue,
                ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Result?.Result switch
                {
                    ExportResult.TryAgain => true,
                    ExportResult.TryAgainBriefly => arguments.AttemptNumber < BriefTries,
                    _ => false,
                }),
                DelayGenerator = static arguments => ValueTask.FromResult(arguments.Outcome.Result?.RetryAfter),
                OnRetry = arguments =>
                {
                    _state.Fails(arguments.Outcome.Result!.Problem!);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    /// <summary>Delivers a batch; what cannot be delivered, or not before the application stops, is dropped and counted.</summary>
    public async Task DeliverAsync(IReadOnlyList<CompletedTrace> batch, CancellationToken cancellationToken)
    {
        MlflowServer.Target? target = null;
        ExportAnswer answer;
        try
        {
            answer = await TryAsync(
                async token =>
                {
                    (var result, target) = await PostAsync(batch, token).ConfigureAwait(false);
                    return result;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _state.Drop("shutdown", batch.Count);
            return;
        }

        switch (answer.Result)
        {
            case ExportResult.Delivered:
                _state.Works(batch.Count);
                await TellAsync(batch, target!, cancellationToken).ConfigureAwait(false);
                break;
            case ExportResult.Poisoned or ExportResult.TryAgainBriefly when batch.Count > 1:
                var half = batch.Count / 2;
                await DeliverAsync([.. batch.Take(half)], cancellationToken).ConfigureAwait(false);
                await DeliverAsync([.. batch.Skip(half)], cancellationToken).ConfigureAwait(false);
                break;
            case ExportResult.Poisoned or ExportResult.TryAgainBriefly:
                _state.TraceDropped($"tr-{batch[0].TraceId.ToHexString()}", answer.Problem ?? "no reason given.");
                break;
            default:
                _state.Fails(answer.Problem!);
                _state.Drop(answer.Result is ExportResult.TryAgain ? "unreachable" : "refused", batch.Count);
                break;
        }
    }

    private async Task TellAsync(IReadOnlyList<CompletedTrace> batch, MlflowServer.Target target, CancellationToken cancellationToken)
    {
        try
        {
            await _infos.SendAsync(batch, target, TryAsync, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The application stops. The spans are there.
        }
    }

    /// <summary>Sends, again and again while that can help and for as long as the option says.</summary>
    private async Task<ExportAnswer> TryAsync(Func<CancellationToken, Task<ExportAnswer>> send, CancellationToken cancellationToken)
    {
        if (_options.MaxRetryDuration <= TimeSpan.Zero)
        {
            return await send(cancellationToken).ConfigureAwait(false);
        }

        using var limit = new CancellationTokenSource(_options.MaxRetryDuration, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        ExportAnswer? last = null;
        try
        {
            return await _retries.ExecuteAsync(async token => last = await send(token).ConfigureAwait(false), either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The time for trying is over; the last answer stands.
            return last ?? new ExportAnswer(ExportResult.TryAgain, $"MLflow at {_http.BaseAddress} did not answer in time.");
        }
    }

    private async Task<(ExportAnswer Answer, MlflowServer.Target? Target)> PostAsync(IReadOnlyList<CompletedTrace> batch, CancellationToken cancellationToken)
    {
        try
        {
            var target = await _server.GetTargetAsync(cancellationToken).ConfigureAwait(false);
            var answer = await PostAsync(batch, target, cancellationToken).ConfigureAwait(false);
            if (answer.Result is ExportResult.ExperimentGone)
            {
                // Deleted for good, or the server has a new database: it is looked for anew, once.
                _server.Forget();
                target = await _server.GetTargetAsync(cancellationToken).ConfigureAwait(false);
                answer = await PostAsync(batch, target, cancellationToken).ConfigureAwait(false);
            }

            return (answer, target);
        }
        catch (MlflowException e)
        {
            return (ExportAnswer.Of(e), null);
        }
    }

    private async Task<ExportAnswer> PostAsync(IReadOnlyList<CompletedTrace> batch, MlflowServer.Target target, CancellationToken cancellationToken)
    {
        var bytes = Body(batch);
        try
        {
            using var response = await _route.PostAsync(_http, target.ExperimentId, () => Content(bytes), cancellationToken).ConfigureAwait(false);
            var body = response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            return ExportAnswer.Of(response, body, _http.BaseAddress, _time.GetUtcNow());
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return ExportAnswer.Of(MlflowErrors.Unreachable(_http.BaseAddress, e));
        }
    }

    private byte[] Body(IReadOnlyList<CompletedTrace> batch)
    {
        var bytes = new PooledBytes(64 * 1024);
        _otlp.Write(batch, bytes);
        byte[] body;
        if (_options.Compress)
        {
            using var compressed = new MemoryStream();
            using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write(bytes.Span);
            }

            body = compressed.ToArray();
        }
        else
        {
            body = bytes.Span.ToArray();
        }

        bytes.Return();
        return body;
    }

    private ByteArrayContent Content(byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        if (_options.Compress)
        {
            content.Headers.ContentEncoding.Add("gzip");
        }

        return content;
    }
}
