using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>
/// One model call on the wire, from its request to the last byte of its answer. It ends exactly once, whatever happens: completed, failed, cancelled,
/// left by its reader, or forgotten by everyone and collected.
/// </summary>
/// <remarks>One for each call: it is its own lock.</remarks>
internal sealed class Exchange : IDisposable
{
    // A client that times its calls itself leaves its caller's token here: the one that a handler is given is cancelled in either case.
    private static readonly HttpRequestOptionsKey<CancellationToken> _callerTokenKey = new("CallerCancellationToken");

    private readonly CallTelemetry _telemetry;
    private readonly RequestFacts _request;
    private readonly OutgoingRequest _outgoing;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly CancellationToken? _callerToken;
    private readonly ContentPolicy _policy;
    private PooledBytes? _requestBody;
    private SpanContent? _content;
    private Answer? _answer;
    private TimeSpan? _timeToFirstChunk;
    private long? _lastChunk;
    private bool _ended;

    private Exchange(CallTelemetry telemetry, RequestFacts facts, HttpRequestMessage request, PooledBytes? body, Activity? activity)
    {
        _telemetry = telemetry;
        _request = facts;
        _policy = telemetry.Content.Current();
        _requestBody = body;
        _callerToken = request.Options.TryGetValue(_callerTokenKey, out var token) ? token : null;
        Activity = activity;
        _outgoing = new OutgoingRequest(request);
        Prepare(request);
    }

    ~Exchange()
    {
        try
        {
            End("collected", null);
        }
        catch (Exception e)
        {
            // An exception here would end the process.
            _telemetry.ObservingFailed(e);
        }
    }

    private GenAIOperation Operation => _request.Operation;

    /// <summary>Gets the call's activity; null where only metrics are listened to.</summary>
    public Activity? Activity { get; }

    /// <summary>Gets a value indicating whether a chunk of token counts is in the stream that its reader did not ask for.</summary>
    public bool HidesUsage => _outgoing.AsksForUsage && _answer is { IsStream: true };

    /// <summary>Gets a value indicating whether a stream's model has said why it stopped.</summary>
    public bool HasFinished => _answer is { HasFinished: true };

    /// <summary>Starts the span of a call; it is current from now on. Null where nobody wants to know of this call.</summary>
    public static Exchange? Start(CallTelemetry telemetry, GenAIOperation operation, HttpRequestMessage request, PooledBytes? body)
    {
        var parent = Activity.Current;
        try
        {
            var uri = request.RequestUri!;
            var facts = RequestFacts.Read(operation, telemetry.Convention, telemetry.ProviderOf(uri), uri, body is null ? default : body.Span);
            var activity = facts.StartSpan(telemetry.HonorIncomingSampling);
            if (activity is not { IsAllDataRequested: true } && LlamaStackDiagnostics.Source.HasListeners())
            {
                telemetry.CallNotRecorded(SpanStarter.ReasonNotRecorded(parent));
            }

            if (activity is not null || telemetry.Metrics.Enabled)
            {
                return new Exchange(telemetry, facts, request, body, activity);
            }
        }
        catch (Exception e)
        {
            // A sampler or a processor of the application, perhaps.
            telemetry.ObservingFailed(e);
            Activity.Current = parent;
        }

        body?.Return();
        return null;
    }

    /// <summary>The request is on its way back.</summary>
    public void Release(HttpRequestMessage request) => _outgoing.Restore(request);

    /// <summary>Watches an answer from now on.</summary>
    public void Observe(HttpResponseMessage response)
    {
        _answer = new Answer(Operation.Api, response, _request.Stream, _policy.Records);
        if (_answer.IsRefusal && Activity is { IsAllDataRequested: true } activity)
        {
            TagHeader(activity, response, "x-request-id", SemanticAttributes.RequestId);
            TagHeader(activity, response, "retry-after", SemanticAttributes.RetryAfter);
        }

        response.Content = new ObservedContent(response.Content, this);
    }

    /// <summary>Bytes of the answer pass.</summary>
    public void Read(ReadOnlySpan<byte> bytes)
    {
        lock (this)
        {
            if (_ended)
            {
                return;
            }

            try
            {
                if (_answer!.IsStream)
                {
                    TimeChunk();
                }

                _answer.Read(bytes);
            }
            catch (Exception e)
            {
                _telemetry.ObservingFailed(e);
            }
        }
    }

    /// <summary>The answer is over.</summary>
    public void Complete() => End(null, null);

    /// <summary>The call broke.</summary>
    public void Fail(Exception exception) => End(null, exception);

    /// <summary>The reader lets go of the answer. Where it has had all that belongs to the answer, that is its end.</summary>
    public void Dispose()
    {
        End("abandoned", null);
        GC.SuppressFinalize(this);
    }

    /// <summary>A fault in this costs what it would have told, no more.</summary>
    private void Prepare(HttpRequestMessage request)
    {
        try
        {
            if (Activity is not null && _telemetry.InjectTraceContext)
            {
                _outgoing.Inject(Activity, request);
            }

            if (_telemetry.AskForStreamUsage && Operation.Api is GenAIApi.ChatCompletions or GenAIApi.Completions && _requestBody is { } body)
            {
                _outgoing.AskForUsage(request, body.Span);
            }

            if (Activity is { IsAllDataRequested: true })
            {
                LlamaStackTrace.Ambient?.ApplyTo(Activity);
            }
        }
        catch (Exception e)
        {
            _telemetry.ObservingFailed(e);
        }
    }

    private void TimeChunk()
    {
        _timeToFirstChunk ??= Stopwatch.GetElapsedTime(_started);
        if (_telemetry.Metrics.TimesChunks)
        {
            if (_lastChunk is { } last)
            {
                _telemetry.Metrics.Chunk(Operation.Api, _request.MetricTags(null), Stopwatch.GetElapsedTime(last));
            }

            _lastChunk = Stopwatch.GetTimestamp();
        }
    }

    private static void TagHeader(Activity activity, HttpResponseMessage response, string header, string attribute)
    {
        if (response.Headers.NonValidated.TryGetValues(header, out var values))
        {
            activity.SetTag(attribute, values.ToString());
        }
    }

    private void End(string? leaving, Exception? exception)
    {
        lock (this)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
        }

        try
        {
            Record(leaving, exception);
        }
        catch (Exception e)
        {
            _telemetry.ObservingFailed(e);
        }
        finally
        {
            Stop();
            Ended();
        }
    }

    private void Ended()
    {
        _content?.Release();
        _answer?.Return();
        _requestBody?.Return();
#pragma warning disable CA1816 // However it ended, there is nothing left for the finalizer to do.
        GC.SuppressFinalize(this);
#pragma warning restore CA1816
    }

    private void Record(string? leaving, Exception? exception)
    {
        var facts = _answer?.Facts() ?? new ResponseFacts();
        if (_answer is { IsWhole: true })
        {
            // Nothing that belongs to the answer is missing: how its reader let go of it does not matter.
            leaving = null;
        }

        var failure = exception is null ? _answer?.Failure(facts, wasLeft: leaving is not null) : CallFailure.Of(exception, timedOut: _callerToken is { IsCancellationRequested: false });
        if (failure is not null && facts.FinishReasons.Length == 0 && _answer is { IsStream: true })
        {
            facts.AddFinishReason("error");
        }

        var duration = Stopwatch.GetElapsedTime(_started);
        if (Activity is { IsAllDataRequested: true } activity)
        {
            RecordSpan(activity, facts, failure, leaving);
        }

        if (_telemetry.Metrics.Enabled)
        {
            _telemetry.Metrics.Record(Operation.Api, _request.MetricTags(facts.Model), duration, _timeToFirstChunk, facts.Usage, failure?.Type);
        }

        if (failure is { } failed)
        {
            CallEvents.Failed(_telemetry, Activity, _request, facts.Model, failed, _policy);
        }
    }

    private void RecordSpan(Activity activity, ResponseFacts facts, CallFailure? failure, string? leaving)
    {
        CallSpan.Tag(activity, facts, _timeToFirstChunk, _telemetry.Convention, _request.IsOpenAI);
        if (failure is { } error)
        {
            CallSpan.Tag(activity, error, _answer?.Status, _policy);
        }
        else if (leaving is not null)
        {
            activity.SetTag(SemanticAttributes.StreamEnding, leaving);
        }

        HostedToolSpans.Record(activity, _requestBody is null ? default : _requestBody.Span, _answer?.Items ?? [], _telemetry, _policy, failure, leaving);
        RecordContent(activity);
        CallEvents.Details(_telemetry, activity, _content ?? Operation.NoContent);
    }

    private void RecordContent(Activity activity)
    {
        if (_policy.Records)
        {
            _content = new SpanContent(Operation.SpanType) { Api = Operation.Api, MayOfferTools = _request.OffersTools };
            var question = _requestBody;
            _requestBody = null;
            _content.Inputs = _policy.Json(question, isExchange: true);
            _content.Outputs = _policy.Json(_answer?.TakeContent(), isExchange: true);
            if (_telemetry.WriteMessages)
            {
                CallSpan.WriteContent(activity, _content);
            }
        }

        if (_telemetry.AttachContent)
        {
            (_content ?? Operation.NoContent).AttachTo(activity);
        }
    }

    /// <summary>Stopping an activity makes its parent current, here in the middle of the reader's code: what was current stays so.</summary>
    private void Stop()
    {
        if (Activity is not { } activity)
        {
            return;
        }

        var current = Activity.Current;
        try
        {
            activity.Stop();
        }
        catch (Exception e)
        {
            // One of those who are told of it failed.
            _telemetry.ObservingFailed(e);
        }

        if (current != activity)
        {
            Activity.Current = current;
        }
    }
}
