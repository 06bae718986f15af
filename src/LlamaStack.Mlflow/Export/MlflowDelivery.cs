using Polly;
using Polly.Retry;

namespace LlamaStack.Mlflow;

/// <summary>Brings a batch to the server: as one OTLP request, tried again while that can help, split where one trace spoils it for the others.</summary>
internal sealed class MlflowDelivery
{
    /// <summary>How often an internal error is taken for the moment's.</summary>
    private const int BriefTries = 3;

    /// <summary>So many traces, at both ends of a batch, that each alone meets an internal error are not bad: the server is.</summary>
    private const int EnoughSuspects = 6;

    private readonly TracesPost _post;
    private readonly TraceInfos _infos;
    private readonly MlflowTracingOptions _options;
    private readonly DeliveryState _state;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline<ExportAnswer> _retries;

    public MlflowDelivery(TracesPost post, TraceInfos infos, MlflowTracingOptions options, DeliveryState state, TimeProvider time)
    {
        _post = post;
        _infos = infos;
        _options = options;
        _state = state;
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
                    _state.Retried();
                    _state.Fails(arguments.Outcome.Result!.Problem!);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    /// <summary>Delivers a batch, as far as that goes.</summary>
    /// <returns>What became of those that are still open: none where there are none.</returns>
    /// <exception cref="OperationCanceledException">The application stops.</exception>
    public async Task<ExportAnswer> DeliverAsync(TraceBatch batch, CancellationToken cancellationToken)
    {
        var rounds = 0;
        var answer = await TryAsync(token => SendRoundAsync(batch, ++rounds, token), cancellationToken).ConfigureAwait(false);
        if (answer.Result is not ExportResult.Delivered)
        {
            _state.Fails(answer.Problem!);
        }

        return answer;
    }

    private async Task<ExportAnswer> SendRoundAsync(TraceBatch batch, int round, CancellationToken cancellationToken)
    {
        var all = batch.Open.ToList();
        var answer = await SendAsync(batch, all, cancellationToken).ConfigureAwait(false);
        switch (answer.Result)
        {
            case ExportResult.TryAgainBriefly when round <= BriefTries && _options.MaxRetryDuration > TimeSpan.Zero:
                return answer;
            case ExportResult.TryAgainBriefly or ExportResult.Poisoned or ExportResult.TooBig:
                if (answer.Result is ExportResult.TryAgainBriefly)
                {
                    batch.FillUp(_options.MaxBatchTraces);
                }

                return await FindBadAsync(batch, all, answer, cancellationToken).ConfigureAwait(false);
            default:
                return answer;
        }
    }

    private async Task<ExportAnswer> FindBadAsync(TraceBatch batch, List<EncodedTrace> tried, ExportAnswer answer, CancellationToken cancellationToken)
    {
        List<EncodedTrace> tooBig = [];
        try
        {
            return await FindBadAsync(batch, tried, answer, tooBig, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Settled last: who waits for that finds it counted and said.
            batch.Settle(tooBig);
        }
    }

    /// <summary>Halves, each tried once, until the bad traces stand alone. Where everything meets an internal error, it is not the traces' fault.</summary>
    private async Task<ExportAnswer> FindBadAsync(TraceBatch batch, List<EncodedTrace> tried, ExportAnswer answer, List<EncodedTrace> tooBig, CancellationToken cancellationToken)
    {
        LinkedList<List<EncodedTrace>> parts = new([.. batch.Open.Count > tried.Count ? new[] { batch.Open.Skip(tried.Count).ToList() } : []]);
        List<EncodedTrace> suspects = [];
        var hasArrived = false;
        var (part, refused) = (tried, (ExportAnswer?)null);
        while (true)
        {
            switch (answer.Result)
            {
                case ExportResult.Delivered:
                    hasArrived = true;
                    break;
                case ExportResult.TryAgainBriefly or ExportResult.Poisoned or ExportResult.TooBig when part.Count > 1:
                    parts.AddFirst(part[(part.Count / 2)..]);
                    parts.AddFirst(part[..(part.Count / 2)]);
                    break;
                case ExportResult.Poisoned:
                    _state.TraceDropped(part[0].TraceId, answer.Problem!);
                    batch.Settle(part);
                    break;
                case ExportResult.TooBig:
                    _state.Drop("refused", 1);
                    tooBig.Add(part[0]);
                    refused = answer;
                    break;
                case ExportResult.TryAgainBriefly:
                    suspects.Add(part[0]);
                    refused = answer;
                    break;
                default:
                    return answer;
            }

            if (parts.Count == 0 || (suspects.Count == EnoughSuspects && !hasArrived))
            {
                break;
            }

            // The other end comes in turn: bad traces in a row are no outage.
            var next = suspects.Count < EnoughSuspects / 2 || hasArrived ? parts.First! : parts.Last!;
            part = next.Value;
            parts.Remove(next);
            answer = await SendAsync(batch, part, cancellationToken).ConfigureAwait(false);
        }

        if (suspects.Count > 0 && !hasArrived)
        {
            return refused! with { Result = ExportResult.TryAgain };
        }

        foreach (var suspect in suspects)
        {
            // The server is well. It may not have been when it met this one.
            answer = await SendAsync(batch, [suspect], cancellationToken).ConfigureAwait(false);
            if (answer.Result is ExportResult.TryAgain)
            {
                return answer;
            }

            if (answer.Result is not ExportResult.Delivered)
            {
                _state.TraceDropped(suspect.TraceId, answer.Problem!);
                batch.Settle([suspect]);
            }
        }

        if (refused is { Result: ExportResult.TooBig })
        {
            _state.Fails(refused.Problem!);
        }

        return ExportAnswer.Delivered;
    }

    /// <summary>One request with these; what arrives is settled.</summary>
    private async Task<ExportAnswer> SendAsync(TraceBatch batch, List<EncodedTrace> traces, CancellationToken cancellationToken)
    {
        var (answer, target) = await _post.SendAsync(traces, cancellationToken).ConfigureAwait(false);
        if (answer.Result is ExportResult.Delivered)
        {
            _state.Works(traces.Count);
            try
            {
                await _infos.SendAsync(traces, target!, TryAsync, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                // The spans are there, whether or not the application stops now.
                batch.Settle(traces);
            }
        }

        return answer;
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
            return last ?? new ExportAnswer(ExportResult.TryAgain, $"MLflow at {_options.Address} did not answer in time.");
        }
    }
}
