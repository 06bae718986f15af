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
    /// <param name="api">The API that it is sent to.</param>
    /// <param name="json">The request.</param>
    /// <param name="scratch">Room for the request if it has to be changed.</param>
    public static ReadOnlySpan<byte> Inputs(GenAIApi api, ReadOnlySpan<byte> json, PooledBytes scratch)
    {
        // Each of them stands in a member with this in its name, or in an item of this type.
        if (json.IndexOf("data"u8) < 0 && !(api.HasItems() && json.IndexOf("image_generation"u8) >= 0))
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
        var start = JsonScan.SkipWhitespace(_json, 0);
        _copied = start;
        PassValue(start);
        CopyTo(_json.Length);
    }

    /// <summary>Passes a value.</summary>
    /// <returns>The position behind it, or -1 where the text ends before it does.</returns>
    private int PassValue(int start)
    {
        switch (At(start))
        {
            case (byte)'"':
                return PassString(start);
            case (byte)'{' when _depth < MaxDepth:
                _depth++;
                var objectEnd = PassObject(start);
                _depth--;
                return objectEnd;
            case (byte)'[' when _depth < MaxDepth:
                _depth++;
                var arrayEnd = PassArray(start);
                _depth--;
                return arrayEnd;
            default:
                return JsonScan.SkipValue(_json, start);
        }
    }

    private int PassObject(int start)
    {
        var position = start + 1;
        var keptUpTo = position;
        var any = false;
        while (true)
        {
            position = JsonScan.SkipWhitespace(_json, position);
            switch (At(position))
            {
                case (byte)'}':
                    return position + 1;
                case (byte)',':
                    if (!any)
                    {
                        Replace(position, position + 1, default);
                    }

                    position++;
                    break;
                case (byte)'"':
                    var nameStart = position + 1;
                    position = JsonScan.SkipString(_json, position);
                    if (position < 0)
                    {
                        return -1;
                    }

                    var name = _json[nameStart..(position - 1)];
                    position = JsonScan.SkipWhitespace(_json, position);
                    if (At(position) != (byte)':')
                    {
                        return -1;
                    }

                    position = JsonScan.SkipWhitespace(_json, position + 1);
                    if (!_keepNulls && _json[position..].StartsWith("null"u8))
                    {
                        position += "null".Length;
                        Replace(keptUpTo, position, default);
                        break;
                    }

                    position = PassMember(name, position);
                    if (position < 0)
                    {
                        return -1;
                    }

                    any = true;
                    keptUpTo = position;
                    break;
                default:
                    return -1;
            }
        }
    }

    private int PassArray(int start)
    {
        var position = start + 1;
        while (true)
        {
            position = JsonScan.SkipWhitespace(_json, position);
            switch (At(position))
            {
                case (byte)']':
                    return position + 1;
                case (byte)',':
                    position++;
                    break;
                default:
                    position = PassValue(position);
                    if (position < 0)
                    {
                        return -1;
                    }

                    break;
            }
        }
    }

    private int PassMember(ReadOnlySpan<byte> name, int start)
    {
        if (_isEmbedding && name.SequenceEqual("embedding"u8))
        {
            var vectorEnd = JsonScan.SkipValue(_json, start);
            if (vectorEnd >= 0 && EmbeddingVector.Dimensions(_json[start..vectorEnd]) is { } dimensions)
            {
                Replace(start, vectorEnd, string.Create(CultureInfo.InvariantCulture, $"\"[{dimensions} numbers]\""));
            }

            return vectorEnd;
        }

        var end = PassValue(start);
        if (end >= 0 && At(start) == (byte)'"' && HoldsPayload(name) && Base64Payload.IsPayload(_json[(start + 1)..(end - 1)]))
        {
            Replace(start, end, $"\"{Base64Payload.Describe("base64", _json[(start + 1)..(end - 1)])}\"");
        }

        return end;
    }

    /// <summary>The members that hold bare base64: sounds, files and generated pictures.</summary>
    private static bool HoldsPayload(ReadOnlySpan<byte> name) => name.SequenceEqual("data"u8) || name.SequenceEqual("file_data"u8) || name.SequenceEqual("b64_json"u8) || name.SequenceEqual("result"u8);

    private int PassString(int start)
    {
        var end = JsonScan.SkipString(_json, start);
        if (end < 0)
        {
            return -1;
        }

        var text = _json[(start + 1)..(end - 1)];
        if (text.StartsWith("data:"u8) && text.IndexOf(";base64,"u8) is > 0 and var marker)
        {
            var mediaType = Encoding.UTF8.GetString(text["data:".Length..marker]);
            Replace(start, end, $"\"{Base64Payload.Describe(mediaType, text[(marker + ";base64,".Length)..])}\"");
        }

        return end;
    }

    private readonly byte At(int position) => (uint)position < (uint)_json.Length ? _json[position] : (byte)0;

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
