using System.Globalization;
using System.Text;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>JSON as MLflow's page should draw it: no null members (each would be a row), no base64 and no vectors (their size is told).</summary>
/// <remarks>
/// One way through the text: what stays is copied as it stands, in runs from one change to the next. Of text that is no JSON, what follows the fault is copied.
/// </remarks>
internal ref struct JsonForPeople
{
    /// <summary>Deeper than this nothing is looked for: whoever nests without end must not end the process.</summary>
    private const int MaxDepth = 64;

    private readonly ReadOnlySpan<byte> _json;
    private readonly PooledBytes _output;
    private readonly bool _keepNulls;
    private readonly bool _isEmbedding;
    private int _position;
    private int _copied;
    private int _depth;

    private JsonForPeople(ReadOnlySpan<byte> json, PooledBytes output, bool keepNulls, bool isEmbedding)
    {
        _json = json;
        _output = output;
        _keepNulls = keepNulls;
        _isEmbedding = isEmbedding;
    }

    /// <summary>A request: whole, but for the bytes of pictures and sounds in it.</summary>
    /// <param name="json">The request.</param>
    /// <param name="scratch">Room for the request if it has to be changed.</param>
    public static ReadOnlySpan<byte> Inputs(ReadOnlySpan<byte> json, PooledBytes scratch)
    {
        // Each of them stands in a member, or is of a type, with one of these in its name.
        if (json.IndexOf("data"u8) < 0 && json.IndexOf("image_generation"u8) < 0)
        {
            return json;
        }

        new JsonForPeople(json, scratch, keepNulls: true, isEmbedding: false).Write();
        return scratch.Span;
    }

    /// <summary>Writes an answer.</summary>
    public static void WriteOutputs(GenAIApi api, ReadOnlySpan<byte> json, PooledBytes output) => new JsonForPeople(json, output, keepNulls: false, isEmbedding: api is GenAIApi.Embeddings).Write();

    private void Write()
    {
        SkipWhitespace();
        _copied = _position;
        PassValue();
        CopyTo(_json.Length);
    }

    /// <summary>Passes a value.</summary>
    /// <returns>False where the text ends before it does.</returns>
    private bool PassValue()
    {
        switch (Next)
        {
            case (byte)'"':
                return PassString();
            case (byte)'{' when _depth < MaxDepth:
                _depth++;
                var isObject = PassObject();
                _depth--;
                return isObject;
            case (byte)'[' when _depth < MaxDepth:
                _depth++;
                var isArray = PassArray();
                _depth--;
                return isArray;
            default:
                return MoveTo(JsonScan.SkipValue(_json, _position));
        }
    }

    private bool PassObject()
    {
        _position++;
        var keptUpTo = _position;
        var any = false;
        while (true)
        {
            SkipWhitespace();
            switch (Next)
            {
                case (byte)'}':
                    _position++;
                    return true;
                case (byte)',':
                    if (!any)
                    {
                        Replace(_position, _position + 1, default);
                    }

                    _position++;
                    break;
                case (byte)'"':
                    var nameStart = _position + 1;
                    if (!MoveTo(JsonScan.SkipString(_json, _position)))
                    {
                        return false;
                    }

                    var name = _json[nameStart..(_position - 1)];
                    SkipWhitespace();
                    if (Next != (byte)':')
                    {
                        return false;
                    }

                    _position++;
                    SkipWhitespace();
                    if (!_keepNulls && _json[_position..].StartsWith("null"u8))
                    {
                        _position += "null".Length;
                        Replace(keptUpTo, _position, default);
                    }
                    else if (PassMember(name))
                    {
                        any = true;
                        keptUpTo = _position;
                    }
                    else
                    {
                        return false;
                    }

                    break;
                default:
                    return false;
            }
        }
    }

    private bool PassArray()
    {
        _position++;
        while (true)
        {
            SkipWhitespace();
            switch (Next)
            {
                case (byte)']':
                    _position++;
                    return true;
                case (byte)',':
                    _position++;
                    break;
                default:
                    if (!PassValue())
                    {
                        return false;
                    }

                    break;
            }
        }
    }

    private bool PassMember(ReadOnlySpan<byte> name)
    {
        var start = _position;
        if (_isEmbedding && name.SequenceEqual("embedding"u8))
        {
            if (!MoveTo(JsonScan.SkipValue(_json, start)))
            {
                return false;
            }

            if (EmbeddingVector.Dimensions(_json[start.._position]) is { } dimensions)
            {
                Replace(start, _position, string.Create(CultureInfo.InvariantCulture, $"\"[{dimensions} numbers]\""));
            }

            return true;
        }

        var isText = Next == (byte)'"';
        if (!PassValue())
        {
            return false;
        }

        if (isText && HoldsPayload(name) && Base64Payload.IsPayload(_json[(start + 1)..(_position - 1)]))
        {
            Replace(start, _position, $"\"{Base64Payload.Describe("base64", _json[(start + 1)..(_position - 1)])}\"");
        }

        return true;
    }

    /// <summary>The members that hold bare base64: sounds, files and generated pictures.</summary>
    private static bool HoldsPayload(ReadOnlySpan<byte> name) => name.SequenceEqual("data"u8) || name.SequenceEqual("file_data"u8) || name.SequenceEqual("b64_json"u8) || name.SequenceEqual("result"u8);

    private bool PassString()
    {
        var start = _position;
        if (!MoveTo(JsonScan.SkipString(_json, start)))
        {
            return false;
        }

        var text = _json[(start + 1)..(_position - 1)];
        if (text.StartsWith("data:"u8) && text.IndexOf(";base64,"u8) is > 0 and var marker)
        {
            var mediaType = Encoding.UTF8.GetString(text["data:".Length..marker]);
            Replace(start, _position, $"\"{Base64Payload.Describe(mediaType, text[(marker + ";base64,".Length)..])}\"");
        }

        return true;
    }

    private readonly byte Next => _position < _json.Length ? _json[_position] : (byte)0;

    private void SkipWhitespace() => _position = JsonScan.SkipWhitespace(_json, _position);

    private bool MoveTo(int position)
    {
        if (position >= 0)
        {
            _position = position;
        }

        return position >= 0;
    }

    private void CopyTo(int end)
    {
        if (end > _copied)
        {
            _output.Append(_json[_copied..end]);
            _copied = end;
        }
    }

    private void Replace(int start, int end, string? json)
    {
        CopyTo(start);
        if (json is not null)
        {
            _output.Append(Encoding.UTF8.GetBytes(json));
        }

        _copied = end;
    }
}
