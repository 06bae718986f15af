namespace LlamaStack.Instrumentation;

/// <summary>The elements of a JSON array as they stand in the text. Anything but an array has none.</summary>
internal ref struct JsonElements
{
    private readonly ReadOnlySpan<byte> _json;
    private int _position;

    public JsonElements(ReadOnlySpan<byte> json)
    {
        _json = json;
        var start = JsonScan.SkipWhitespace(json, 0);
        _position = start < json.Length && json[start] == (byte)'[' ? start + 1 : json.Length;
    }

    /// <summary>The text from the first element on, to the end of what is there.</summary>
    public static ReadOnlySpan<byte> FromFirst(ReadOnlySpan<byte> json) => json[new JsonElements(json)._position..];

    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly JsonElements GetEnumerator() => this;

    public bool MoveNext()
    {
        var start = JsonScan.SkipWhitespace(_json, _position);
        if (start < _json.Length && _json[start] == (byte)',')
        {
            start = JsonScan.SkipWhitespace(_json, start + 1);
        }

        var end = JsonScan.SkipValue(_json, start);
        if (end < 0)
        {
            return false;
        }

        Current = _json[start..end];
        _position = end;
        return true;
    }
}
