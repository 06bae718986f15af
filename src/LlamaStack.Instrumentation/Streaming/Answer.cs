using System.Net;

namespace LlamaStack.Instrumentation;

/// <summary>An answer as far as it has come: its status, and its body read while it passes, a stream of events or one JSON text.</summary>
internal sealed class Answer
{
    private readonly GenAIApi _api;
    private readonly string? _reasonPhrase;
    private readonly string? _contentType;
    private readonly StreamAssembler? _assembler;
    private readonly ServerSentEvents? _events;
    private PooledBytes? _body;
    private bool _truncated;

    public Answer(GenAIApi api, HttpResponseMessage response, bool streamWasAsked, bool keepContent)
    {
        _api = api;
        Status = response.StatusCode;
        _reasonPhrase = response.ReasonPhrase;
        _contentType = response.Content.Headers.ContentType?.MediaType;
        if (response.IsSuccessStatusCode && (_contentType is "text/event-stream" || (_contentType is null && streamWasAsked)))
        {
            _assembler = StreamAssembler.For(api, keepContent);
            _events = new ServerSentEvents(_assembler);
        }
        else
        {
            _body = new PooledBytes(4096);
        }
    }

    public HttpStatusCode Status { get; }

    public bool IsStream => _assembler is not null;

    /// <summary>Gets a value indicating whether the server refused the call.</summary>
    public bool IsRefusal => (int)Status >= 400;

    /// <summary>Gets a value indicating whether all that belongs to the answer has come, whatever else may be on the wire.</summary>
    public bool IsWhole => _assembler is not null ? _assembler.IsWhole : IsWholeJson(_body, _api);

    /// <summary>Gets the items of a streamed response, as far as they were told.</summary>
    public IReadOnlyList<StreamedItem> Items => _assembler?.Items ?? [];

    /// <summary>Gets a value indicating whether a stream's model has said why it stopped.</summary>
    public bool HasFinished => _assembler is { HasFinished: true };

    public void Read(ReadOnlySpan<byte> bytes)
    {
        if (_events is not null)
        {
            _events.Feed(bytes);
        }
        else
        {
            _truncated = _truncated || !_body!.TryKeep(bytes);
        }
    }

    /// <summary>What the answer says of the call. The last thing that is read.</summary>
    public ResponseFacts Facts()
    {
        if (_assembler is not null)
        {
            _events!.Finish();
            return _assembler.Facts;
        }

        var facts = new ResponseFacts();
        if (IsRefusal)
        {
            facts.Error = ServerError.Read(_body!.Span);
        }
        else
        {
            facts.Read(_api, _body!.Span);
        }

        return facts;
    }

    /// <summary>Why the call failed, by what its answer says.</summary>
    /// <param name="facts">What was read.</param>
    /// <param name="wasLeft">Did its reader let go of it before it was whole? Then it is not the answer's fault that it is not.</param>
    public CallFailure? Failure(ResponseFacts facts, bool wasLeft)
    {
        if (IsRefusal)
        {
            return CallFailure.Of(Status, _reasonPhrase, facts.Error);
        }

        if (facts.Error is { } told)
        {
            return CallFailure.Of(told);
        }

        if (wasLeft || IsWhole || _truncated)
        {
            return null;
        }

        return _assembler switch
        {
            null => new("invalid_response", $"The answer is not a JSON object: its content type is {_contentType ?? "not given"}."),
            { HasEvents: false } => new("empty_stream", "The stream ended without a single event."),
            _ => new("stream_ended_early", "The stream ended before the answer did."),
        };
    }

    /// <summary>The answer as JSON, for the one who records it; ownership goes to the caller. An error's body is none.</summary>
    public PooledBytes? TakeContent()
    {
        if (_assembler is not null)
        {
            return _assembler.Output();
        }

        if (IsRefusal || _truncated)
        {
            return null;
        }

        var body = _body;
        _body = null;
        return body;
    }

    public void Return()
    {
        _events?.Return();
        _assembler?.Return();
        _body?.Return();
        _body = null;
    }

    /// <summary>An object, all of it. Some servers answer a rerank with a bare array.</summary>
    private static bool IsWholeJson(PooledBytes? body, GenAIApi api)
    {
        if (body is null)
        {
            return false;
        }

        var json = body.Span;
        var start = JsonScan.SkipWhitespace(json, 0);
        return start < json.Length && (json[start] == (byte)'{' || (json[start] == (byte)'[' && api is GenAIApi.Rerank)) && JsonScan.SkipValue(json, start) > 0;
    }
}
