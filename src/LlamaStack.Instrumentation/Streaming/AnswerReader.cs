namespace LlamaStack.Instrumentation;

/// <summary>Reads an answer's body while it passes: a stream of events, or one JSON text.</summary>
internal sealed class AnswerReader
{
    /// <summary>More than this of a JSON body is not kept; only its end, where usage stands, is.</summary>
    private const int MaxKept = 32 * 1024 * 1024;

    private readonly GenAIApi _api;
    private readonly StreamAssembler? _assembler;
    private readonly ServerSentEvents? _events;
    private PooledBytes? _body;
    private bool _truncated;

    public AnswerReader(GenAIApi api, bool isStream, bool keepContent)
    {
        _api = api;
        if (isStream)
        {
            _assembler = StreamAssembler.For(api, keepContent);
            _events = new ServerSentEvents(_assembler);
        }
        else
        {
            _body = new PooledBytes(4096);
        }
    }

    public bool IsStream => _assembler is not null;

    /// <summary>Gets a value indicating whether a stream has brought any event.</summary>
    public bool HasEvents => _assembler is { HasEvents: true };

    /// <summary>Gets a value indicating whether a stream has told the whole answer.</summary>
    public bool IsWhole => _assembler is { IsWhole: true };

    /// <summary>Gets the body of an answer that is no stream.</summary>
    public ReadOnlySpan<byte> Body => _body is null ? default : _body.Span;

    public void Read(ReadOnlySpan<byte> bytes)
    {
        if (_events is not null)
        {
            _events.Feed(bytes);
        }
        else if (!_truncated && _body!.Length + bytes.Length <= MaxKept)
        {
            _body.Append(bytes);
        }
        else
        {
            _truncated = true;
        }
    }

    /// <summary>What the answer says, as far as it has come.</summary>
    public ResponseFacts Facts(bool isError)
    {
        if (_assembler is not null)
        {
            _events!.Finish();
            return _assembler.Facts;
        }

        var facts = new ResponseFacts();
        if (isError)
        {
            facts.Error = ServerError.Read(Body);
        }
        else
        {
            facts.Read(_api, Body);
        }

        return facts;
    }

    /// <summary>The answer as JSON, for the one who records it; ownership goes to the caller.</summary>
    public PooledBytes? TakeContent()
    {
        if (_assembler is not null)
        {
            return _assembler.Output();
        }

        var body = _body;
        _body = null;
        return _truncated ? null : body;
    }

    public void Return()
    {
        _events?.Return();
        _assembler?.Return();
        _body?.Return();
        _body = null;
    }
}
