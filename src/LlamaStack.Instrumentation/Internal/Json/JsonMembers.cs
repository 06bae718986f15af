namespace LlamaStack.Instrumentation;

/// <summary>The members of a JSON object, name and value as they stand in the text. Anything but an object has none.</summary>
/// <remarks>Names are compared as written: the APIs read here do not escape theirs.</remarks>
internal ref struct JsonMembers
{
    private readonly ReadOnlySpan<byte> _json;
    private int _position;

    public JsonMembers(ReadOnlySpan<byte> json)
    {
        _json = json;
        var start = JsonScan.SkipWhitespace(json, 0);
        _position = start < json.Length && json[start] == (byte)'{' ? start + 1 : json.Length;
    }

    /// <summary>Gets the member's name without its quotes.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Gets the member's value as raw JSON; a string has its quotes.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    public readonly JsonMembers GetEnumerator() => this;

    public readonly JsonMembers Current => this;

    public bool MoveNext()
    {
        var start = JsonScan.SkipWhitespace(_json, _position);
        if (start < _json.Length && _json[start] == (byte)',')
        {
            start = JsonScan.SkipWhitespace(_json, start + 1);
        }

        if (start >= _json.Length || _json[start] != (byte)'"')
        {
            return false;
        }

        var nameEnd = JsonScan.SkipString(_json, start);
        if (nameEnd < 0)
        {
            return false;
        }

        var colon = JsonScan.SkipWhitespace(_json, nameEnd);
        if (colon >= _json.Length || _json[colon] != (byte)':')
        {
            return false;
        }

        var valueStart = JsonScan.SkipWhitespace(_json, colon + 1);
        var valueEnd = JsonScan.SkipValue(_json, valueStart);
        if (valueEnd < 0)
        {
            return false;
        }

        Name = _json[(start + 1)..(nameEnd - 1)];
        Value = _json[valueStart..valueEnd];
        _position = valueEnd;
        return true;
    }
}
