using System.Diagnostics;
using System.Net;

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

    // A client that times its calls itself says so here: the token that a handler gets is cancelled in either case.
    private static readonly HttpRequestOptionsKey<TimeSpan> _timeout = new("RequestTimeout");
    private static readonly HttpRequestOptionsKey<TimeSpan> _idleTimeout = new("StreamIdleTimeout");

    private readonly Lock _lock = new();
    private readonly CallTelemetry _telemetry;
    private readonly GenAIOperation _operation;
    private readonly RequestFacts _request;
    private readonly Uri _server;
    private readonly string _provider;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly TimeSpan _requestTimeout;
    private readonly TimeSpan _streamIdleTimeout;
    private PooledBytes? _requestBody;
    private SpanContent? _content;
    private AnswerReader? _answer;
    private HttpStatusCode _status;
    private string? _reasonPhrase;
    private string? _contentType;
    private TimeSpan? _timeToFirstChunk;
    private long _lastRead;
    private bool _injected;
    private bool _ended;

    private Exchange(CallTelemetry telemetry, GenAIOperation operation, HttpRequestMessage request, PooledBytes body)
    {
        _telemetry = telemetry;
        _operation = operation;
        _requestBody = body;
        _request = RequestFacts.Read(operation.Api, body.Span);
        _server = request.RequestUri!;
        _provider = telemetry.ProviderOf(_server);
        _requestTimeout = TimeoutOf(request, _timeout);
        _streamIdleTimeout = TimeoutOf(request, _idleTimeout);
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

    /// <summary>Is this request being observed already, by a handler further out in the same pipeline?</summary>
    public static bool Covers(HttpRequestMessage request) => request.Options.TryGetValue(_key, out _);

    /// <summary>Starts the span of a call; it is current from now on. Null where nobody wants to know of this call.</summary>
    public static Exchange? Start(CallTelemetry telemetry, GenAIOperation operation, HttpRequestMessage request, PooledBytes body)
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
    }

    /// <summary>Watches an answer from now on.</summary>
    public void Observe(HttpResponseMessage response)
    {
        _lastRead = Stopwatch.GetTimestamp();
        _status = response.StatusCode;
        _reasonPhrase = response.ReasonPhrase;
        _contentType = response.Content.Headers.ContentType?.MediaType;
        var isStream = response.IsSuccessStatusCode && (_contentType is "text/event-stream" || (_contentType is null && _request.Stream));
        _answer = new AnswerReader(_operation.Api, isStream, _telemetry.KeepContent);
        if ((int)_status >= 400 && Activity is { IsAllDataRequested: true } activity)
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
                _lastRead = Stopwatch.GetTimestamp();
                if (_timeToFirstChunk is null && _answer!.IsStream)
                {
                    _timeToFirstChunk = Stopwatch.GetElapsedTime(_started);
                }

                _answer!.Read(bytes);
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

    private string SpanName => _request.Model is null ? _operation.Name : $"{_operation.Name} {_request.Model}";

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
        var facts = _answer?.Facts(isError: (int)_status >= 400) ?? new ResponseFacts();
        var wasWhole = _answer is not null && (_answer.IsWhole || (!_answer.IsStream && IsWholeJson(_answer.Body)));
        if (wasWhole)
        {
            // Nothing that belongs to the answer is missing: how the connection was let go of does not matter.
            leaving = null;
        }

        var failure = Failure(facts, leaving, exception);
        _telemetry.Metrics.Record(MetricTags(facts), Stopwatch.GetElapsedTime(_started), _timeToFirstChunk, facts.Usage, failure?.Type);
        if (Activity is not { IsAllDataRequested: true } activity)
        {
            return;
        }

        Tag(activity, facts);
        if (leaving is not null && failure is null)
        {
            activity.SetTag(SemanticAttributes.StreamEnding, leaving);
        }

        if (failure is { } error)
        {
            Tag(activity, error);
            if (facts.FinishReasons.Count == 0 && _answer is { IsStream: true })
            {
                activity.SetTag(GenAIAttributes.Response.FinishReasons, (string[])["error"]);
            }
        }

        RecordContent(activity, failed: (int)_status >= 400);
    }

    private static TimeSpan TimeoutOf(HttpRequestMessage request, HttpRequestOptionsKey<TimeSpan> key) =>
        request.Options.TryGetValue(key, out var timeout) && timeout > TimeSpan.Zero ? timeout : TimeSpan.MaxValue;

    private CallFailure? Failure(ResponseFacts facts, string? leaving, Exception? exception)
    {
        if (exception is not null)
        {
            var (since, limit) = _answer is { IsStream: true } ? (_lastRead, _streamIdleTimeout) : (_started, _requestTimeout);
            return CallFailure.Of(exception, timedOut: Stopwatch.GetElapsedTime(since) >= limit);
        }

        if ((int)_status >= 400)
        {
            return CallFailure.Of(_status, _reasonPhrase, facts.Error);
        }

        if (facts.Error is { } told)
        {
            return CallFailure.Of(told);
        }

        if (leaving is not null || _answer is null)
        {
            return null;
        }

        if (_answer.IsStream)
        {
            return !_answer.HasEvents ? new("empty_stream", "The stream ended without a single event.")
                : !_answer.IsWhole ? new("stream_ended_early", "The stream ended before the answer did.")
                : null;
        }

        return IsWholeJson(_answer.Body) ? null : new("invalid_response", $"The answer is not a JSON object: its content type is {_contentType ?? "not given"}.");
    }

    private static bool IsWholeJson(ReadOnlySpan<byte> body)
    {
        var start = JsonScan.SkipWhitespace(body, 0);
        return start < body.Length && body[start] == (byte)'{' && JsonScan.SkipValue(body, start) > 0;
    }

    private void Tag(Activity activity, ResponseFacts facts)
    {
        Set(activity, GenAIAttributes.Response.Id, facts.Id);
        Set(activity, GenAIAttributes.Response.Model, facts.Model);
        Set(activity, GenAIAttributes.ConversationId, facts.ConversationId);
        Set(activity, GenAIAttributes.Response.TimeToFirstChunk, _timeToFirstChunk?.TotalSeconds);
        if (facts.FinishReasons.Count > 0)
        {
            activity.SetTag(GenAIAttributes.Response.FinishReasons, facts.FinishReasons.ToArray());
        }

        if (facts.Dimensions is { } dimensions)
        {
            activity.SetTag(GenAIAttributes.Embeddings.DimensionCount, (long)dimensions);
        }

        if (facts.Usage is { } usage)
        {
            Set(activity, GenAIAttributes.Usage.InputTokens, usage.Input);
            Set(activity, GenAIAttributes.Usage.OutputTokens, usage.Output);
            Set(activity, GenAIAttributes.Usage.CacheReadInputTokens, usage.CacheRead);
            Set(activity, GenAIAttributes.Usage.CacheCreationInputTokens, usage.CacheCreation);
            Set(activity, GenAIAttributes.Usage.ReasoningOutputTokens, usage.Reasoning);
        }
    }

    private void Tag(Activity activity, CallFailure failure)
    {
        var message = _telemetry.KeepContent ? failure.ServersWords ?? failure.Message : failure.Message;
        activity.SetTag(SemanticAttributes.ErrorType, failure.Type);
        activity.SetStatus(ActivityStatusCode.Error, message);
        if (_status != 0)
        {
            activity.SetTag(SemanticAttributes.HttpStatusCode, (int)_status);
        }

        if (failure.Exception is not null)
        {
            activity.AddException(failure.Exception);
        }
        else
        {
            activity.AddEvent(new ActivityEvent(SemanticAttributes.ExceptionEvent, tags: new ActivityTagsCollection
            {
                [SemanticAttributes.ExceptionType] = failure.Type,
                [SemanticAttributes.ExceptionMessage] = message,
            }));
        }
    }

    private static void Set(Activity activity, string key, object? value)
    {
        if (value is not null)
        {
            activity.SetTag(key, value);
        }
    }

    private void RecordContent(Activity activity, bool failed)
    {
        var content = new SpanContent(_operation.SpanType) { Api = _operation.Api };
        if (_telemetry.KeepContent)
        {
            content.Inputs = _requestBody;
            _requestBody = null;
            content.Outputs = failed ? null : _answer?.TakeContent();
            if (_telemetry.WriteMessages)
            {
                WriteMessages(activity, content);
            }
        }

        _content = content;
        if (_telemetry.AttachContent)
        {
            content.AttachTo(activity);
        }
    }

    private void WriteMessages(Activity activity, SpanContent content)
    {
        if (content.Inputs is { } inputs)
        {
            Set(activity, GenAIAttributes.SystemInstructions, GenAIMessages.SystemInstructions(_operation.Api, inputs.Span));
            Set(activity, GenAIAttributes.InputMessages, GenAIMessages.Input(_operation.Api, inputs.Span));
            Set(activity, GenAIAttributes.Tool.Definitions, GenAIMessages.ToolDefinitions(inputs.Span));
        }

        if (content.Outputs is { } outputs)
        {
            Set(activity, GenAIAttributes.OutputMessages, GenAIMessages.Output(_operation.Api, outputs.Span));
        }
    }

    private TagList MetricTags(ResponseFacts facts)
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

        if (facts.Model is not null)
        {
            tags.Add(GenAIAttributes.Response.Model, facts.Model);
        }

        return tags;
    }

    /// <summary>Stopping an activity makes its parent current, here in the middle of the reader's code: what was current stays so.</summary>
    private void Stop()
    {
        if (Activity is { } activity)
        {
            var current = Activity.Current;
            activity.Stop();
            if (current != activity)
            {
                Activity.Current = current;
            }
        }
    }
}
