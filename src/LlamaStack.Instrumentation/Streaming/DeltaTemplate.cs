namespace LlamaStack.Instrumentation;

/// <summary>
/// The last event of a stream with its delta cut out. Most events of a stream differ from the one before in nothing but that text, and in a running number:
/// comparing them with it costs a tenth of reading them.
/// </summary>
/// <remarks>An event that differs in any other byte does not match and is read whole.</remarks>
internal sealed class DeltaTemplate
{
    private readonly PooledBytes _event = new(512);
    private Range _delta;
    private Range _number;

    /// <summary>Takes an event as the pattern for the next ones.</summary>
    /// <param name="data">The event.</param>
    /// <param name="delta">Where the delta's text stands in it, between its quotes.</param>
    /// <param name="number">Where a running number stands behind the delta; empty if there is none.</param>
    public void Learn(ReadOnlySpan<byte> data, Range delta, Range number)
    {
        _event.Clear();
        _event.Append(data);
        _delta = delta;
        _number = number;
    }

    public void Return() => _event.Return();

    /// <summary>Where an event is the pattern but for its delta and its number: the delta's text as it stands, escaped.</summary>
    public bool TryMatch(ReadOnlySpan<byte> data, out ReadOnlySpan<byte> delta)
    {
        delta = default;
        var pattern = _event.Span;
        var head = pattern[.._delta.Start.Value];
        if (pattern.Length == 0 || !data.StartsWith(head))
        {
            return false;
        }

        var end = JsonScan.SkipString(data, head.Length - 1);
        if (end < 0)
        {
            return false;
        }

        var rest = data[(end - 1)..];
        if (_number.End.Value > 0)
        {
            var middle = pattern[_delta.End.Value.._number.Start.Value];
            if (!rest.StartsWith(middle))
            {
                return false;
            }

            rest = rest[middle.Length..];
            var digits = rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            if (digits <= 0 || !rest[digits..].SequenceEqual(pattern[_number.End.Value..]))
            {
                return false;
            }
        }
        else if (!rest.SequenceEqual(pattern[_delta.End.Value..]))
        {
            return false;
        }

        delta = data[head.Length..(end - 1)];
        return true;
    }
}
