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
    private readonly MlflowServer _server;
    private readonly MlflowTracingOptions _options;
    private readonly DeliveryState _state;
    private readonly OtlpTraces _otlp;
    private readonly TraceInfos _infos;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline<ExportAnswer> _retries;

    public MlflowDelivery(
        HttpClient http, MlflowServer server, MlflowClient client, MlflowTracingOptions options, DeliveryState state, TraceResource resource, TimeProvider time)
    {
        _http = http;
        _server = server;
        _options = options;
        _state = state;
        _otlp = new OtlpTraces(options, resource);
        _infos = new TraceInfos(client, state);
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
                    ExportResult.ExperimentGone => arguments.AttemptNumber == 0,
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

    /// <summary>Delivers a batch; what cannot be delivered is dropped and counted.</summary>
    /// <exception cref="OperationCanceledException">The application stops.</exception>
    public async Task DeliverAsync(IReadOnlyList<CompletedTrace> batch, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.MaxRetryDuration > TimeSpan.Zero ? _options.MaxRetryDuration : Timeout.InfiniteTimeSpan, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        ExportAnswer? last = null;
        try
        {
            last = _options.MaxRetryDuration > TimeSpan.Zero
                ? await _retries.ExecuteAsync(async token => last = await PostAsync(batch, token).ConfigureAwait(false), either.Token).ConfigureAwait(false)
                : await PostAsync(batch, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The time for trying is over; the last answer stands.
        }

        switch (last)
        {
            case { Result: ExportResult.Delivered }:
                break;
            case { Result: ExportResult.Poisoned or ExportResult.TryAgainBriefly } when batch.Count > 1:
                var half = batch.Count / 2;
                await DeliverAsync([.. batch.Take(half)], cancellationToken).ConfigureAwait(false);
                await DeliverAsync([.. batch.Skip(half)], cancellationToken).ConfigureAwait(false);
                break;
            case { Result: ExportResult.Poisoned or ExportResult.TryAgainBriefly }:
                _state.TraceDropped($"tr-{batch[0].TraceId.ToHexString()}", last.Problem ?? "no reason given.");
                break;
            default:
                _state.Fails(last?.Problem ?? $"MLflow at {_options.TrackingUri} did not answer in time.");
                _state.Drop(last?.Result is ExportResult.Refused ? "refused" : "unreachable", batch.Count);
                break;
        }
    }

    private async Task<ExportAnswer> PostAsync(IReadOnlyList<CompletedTrace> batch, CancellationToken cancellationToken)
    {
        try
        {
            var target = await _server.GetTargetAsync(cancellationToken).ConfigureAwait(false);
            var answer = await PostAsync(batch, target, cancellationToken).ConfigureAwait(false);
            if (answer.Result is ExportResult.Delivered)
            {
                _state.Works(batch.Count);
                await _infos.SendAsync(batch, target, cancellationToken).ConfigureAwait(false);
            }
            else if (answer.Result is ExportResult.ExperimentGone)
            {
                _server.Forget();
            }

            return answer;
        }
        catch (MlflowException e)
        {
            return ExportAnswer.Of(e);
        }
    }

    private async Task<ExportAnswer> PostAsync(IReadOnlyList<CompletedTrace> batch, MlflowServer.Target target, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _options.TracesEndpoint ?? MlflowHttp.TracesEndpoint(_http.BaseAddress!));
        request.Headers.TryAddWithoutValidation(MlflowAttributes.Header.ExperimentId, target.ExperimentId);
        request.Content = Body(batch);
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            var body = response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            return ExportAnswer.Of(response, body, _http.BaseAddress);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new ExportAnswer(ExportResult.TryAgain, MlflowErrors.Unreachable(_http.BaseAddress, e).Message);
        }
    }

    private ByteArrayContent Body(IReadOnlyList<CompletedTrace> batch)
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
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        if (_options.Compress)
        {
            content.Headers.ContentEncoding.Add("gzip");
        }

        return content;
    }
}
