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

    /// <summary>The text from the value of the member with this name on, to the end of what is there: where its end does not matter it need not be looked for.</summary>
    public static ReadOnlySpan<byte> From(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var members = new JsonMembers(json);
        while (members.TryReadName(out var valueStart))
        {
            if (members.Name.SequenceEqual(name))
            {
                return json[valueStart..];
            }

            if (!members.TryReadValue(valueStart))
            {
                break;
            }
        }

        return default;
    }

    public bool MoveNext() => TryReadName(out var valueStart) && TryReadValue(valueStart);

    private bool TryReadName(out int valueStart)
    {
        valueStart = 0;
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

        Name = _json[(start + 1)..(nameEnd - 1)];
        valueStart = JsonScan.SkipWhitespace(_json, colon + 1);
        return true;
    }

    private bool TryReadValue(int valueStart)
    {
        var valueEnd = JsonScan.SkipValue(_json, valueStart);
        if (valueEnd < 0)
        {
            return false;
        }

        Value = _json[valueStart..valueEnd];
        _position = valueEnd;
        return true;
    }
}
