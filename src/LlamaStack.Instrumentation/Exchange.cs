using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>
/// One model call on the wire, from its request to the last byte of its answer. It ends exactly once, whatever happens: completed, failed, cancelled,
/// left by its reader, or forgotten by everyone and collected.
/// </summary>
internal sealed class Exchange : IDisposable
{
    private const string TraceParent = "traceparent";
    private const string TraceState = "tracestate";

    private static readonly HttpRequestOptionsKey<Exchange> _key = new("LlamaStack.Exchange");

    // A client that times its calls itself leaves its caller's token here: the one that a handler is given is cancelled in either case.
    private static readonly HttpRequestOptionsKey<CancellationToken> _callerTokenKey = new("CallerCancellationToken");

    private readonly Lock _lock = new();
    private readonly CallTelemetry _telemetry;
    private readonly GenAIOperation _operation;
    private readonly RequestFacts _request;
    private readonly Uri _server;
    private readonly string _provider;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly CancellationToken? _callerToken;
    private readonly ContentPolicy _policy;
    private PooledBytes? _requestBody;
    private SpanContent? _content;
    private Answer? _answer;
    private TimeSpan? _timeToFirstChunk;
    private HttpContent? _callersContent;
    private long? _lastChunk;
    private bool _injected;
    private bool _ended;

    private Exchange(CallTelemetry telemetry, GenAIOperation operation, HttpRequestMessage request, PooledBytes? body)
    {
        _telemetry = telemetry;
        _operation = operation;
        _policy = telemetry.Content.Current();
        _requestBody = body;
        _request = RequestFacts.Read(operation.Api, telemetry.Convention, request.RequestUri!, body is null ? default : body.Span);
        _server = request.RequestUri!;
        _provider = telemetry.ProviderOf(_server);
        _callerToken = request.Options.TryGetValue(_callerTokenKey, out var token) ? token : null;
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

    /// <summary>Gets the call's activity; null where only metrics are listened to.</summary>
    public Activity? Activity { get; private set; }

    /// <summary>Gets a value indicating whether a chunk of token counts is in the stream that its reader did not ask for.</summary>
    public bool HidesUsage => _callersContent is not null && _answer is { IsStream: true };

    /// <summary>Gets a value indicating whether a stream's model has said why it stopped.</summary>
    public bool HasFinished => _answer is { HasFinished: true };

    /// <summary>Is this request being observed already, by a handler further out in the same pipeline?</summary>
    public static bool Covers(HttpRequestMessage request) => request.Options.TryGetValue(_key, out _);

    /// <summary>Starts the span of a call; it is current from now on. Null where nobody wants to know of this call.</summary>
    public static Exchange? Start(CallTelemetry telemetry, GenAIOperation operation, HttpRequestMessage request, PooledBytes? body)
    {
        var exchange = new Exchange(telemetry, operation, request, body);
        var parent = Activity.Current;
        var activity = SpanStarter.Start(exchange.SpanName, ActivityKind.Client, exchange.StartTags(), telemetry.HonorIncomingSampling);
        if (activity is not { IsAllDataRequested: true })
        {
            if (LlamaStackDiagnostics.Source.HasListeners())
            {
                telemetry.CallNotRecorded(SpanStarter.ReasonNotRecorded(parent));
            }

            if (!telemetry.Metrics.Enabled && activity is null)
            {
                exchange.Ended();
                return null;
            }
        }

        exchange.Activity = activity;
        if (activity is { IsAllDataRequested: true })
        {
            LlamaStackTrace.Ambient?.ApplyTo(activity);
        }

        request.Options.Set(_key, exchange);
        exchange.InjectInto(request);
        exchange.AskForUsage(request);
        return exchange;
    }

    /// <summary>The request is on its way back: whoever sends it again is to be observed again.</summary>
    public void Release(HttpRequestMessage request)
    {
        ((IDictionary<string, object?>)request.Options).Remove(_key.Key);
        if (_injected)
        {
            request.Headers.Remove(TraceParent);
            request.Headers.Remove(TraceState);
        }

        request.Content = _callersContent ?? request.Content;
    }

    /// <summary>Watches an answer from now on.</summary>
    public void Observe(HttpResponseMessage response)
    {
        _answer = new Answer(_operation.Api, response, _request.Stream, _policy.Records);
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
        lock (_lock)
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

    private void TimeChunk()
    {
        _timeToFirstChunk ??= Stopwatch.GetElapsedTime(_started);
        if (_telemetry.Metrics.TimesChunks)
        {
            if (_lastChunk is { } last)
            {
                _telemetry.Metrics.Chunk(_operation.Api, MetricTags(null), Stopwatch.GetElapsedTime(last));
            }

            _lastChunk = Stopwatch.GetTimestamp();
        }
    }

    private string SpanName => _request.Target is null ? _operation.Name : $"{_operation.Name} {_request.Target}";

    private static void TagHeader(Activity activity, HttpResponseMessage response, string header, string attribute)
    {
        if (response.Headers.NonValidated.TryGetValues(header, out var values))
        {
            activity.SetTag(attribute, values.ToString());
        }
    }

    private List<KeyValuePair<string, object?>> StartTags()
    {
        var tags = _request.Attributes;
        tags.Add(new(GenAIAttributes.Operation.Name, _operation.Name));
        tags.Add(new(GenAIAttributes.Provider.Name, _provider));
        tags.Add(new(SemanticAttributes.ServerAddress, _server.Host));
        tags.Add(new(SemanticAttributes.ServerPort, _server.Port));
        if (_request.Model is not null)
        {
            tags.Add(new(GenAIAttributes.Request.Model, _request.Model));
        }

        return tags;
    }

    /// <summary>The runtime would send the id of an HTTP activity that nobody may export; the server's spans are to hang below this call's.</summary>
    private void InjectInto(HttpRequestMessage request)
    {
        if (Activity is not null && _telemetry.InjectTraceContext && !request.Headers.Contains(TraceParent))
        {
            _injected = true;
            request.Headers.TryAddWithoutValidation(TraceParent, Activity.Id);
            if (Activity.TraceStateString is { Length: > 0 } state)
            {
                request.Headers.TryAddWithoutValidation(TraceState, state);
            }
        }
    }

    private void AskForUsage(HttpRequestMessage request)
    {
        if (_telemetry.AskForStreamUsage && _operation.Api is GenAIApi.ChatCompletions or GenAIApi.Completions && _requestBody is { } body && StreamUsage.Ask(request.Content!, body.Span) is { } asking)
        {
            _callersContent = request.Content;
            request.Content = asking;
        }
    }

    private void End(string? leaving, Exception? exception)
    {
        lock (_lock)
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
        if (failure is not null && facts.FinishReasons.Count == 0 && _answer is { IsStream: true })
        {
            facts.FinishReasons.Add("error");
        }

        var call = MetricTags(facts.Model);
        _telemetry.Metrics.Record(_operation.Api, call, Stopwatch.GetElapsedTime(_started), _timeToFirstChunk, facts.Usage, failure?.Type);
        if (failure is { } failed)
        {
            CallEvents.Failed(_telemetry, Activity, SpanName, call, failed, _policy);
        }

        if (Activity is not { IsAllDataRequested: true } activity)
        {
            return;
        }

        CallSpan.Tag(activity, facts, _timeToFirstChunk, _telemetry.Convention);
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
        CallEvents.Details(_telemetry, activity, _content!);
    }

    private void RecordContent(Activity activity)
    {
        _content = new SpanContent(_operation.SpanType) { Api = _operation.Api };
        if (_policy.Records)
        {
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
            _content.AttachTo(activity);
        }
    }

    private TagList MetricTags(string? answeredBy)
    {
        var tags = new TagList
        {
            { GenAIAttributes.Operation.Name, _operation.Name },
            { GenAIAttributes.Provider.Name, _provider },
            { SemanticAttributes.ServerAddress, _server.Host },
            { SemanticAttributes.ServerPort, _server.Port },
        };
        if (_request.Model is not null)
        {
            tags.Add(GenAIAttributes.Request.Model, _request.Model);
        }

        if (answeredBy is not null)
        {
            tags.Add(GenAIAttributes.Response.Model, answeredBy);
        }

        return tags;
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
