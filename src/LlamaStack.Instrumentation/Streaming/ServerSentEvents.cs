namespace LlamaStack.Instrumentation;

/// <summary>Cuts a stream of bytes, which may be split anywhere, into the data of its server-sent events.</summary>
/// <remarks>
/// Lines end with LF or CRLF. Names, ids and comments are passed over: the servers tell an event's type in its data.
/// An event that comes whole in one read, as nearly all do, is handed on without being copied.
/// </remarks>
internal sealed class ServerSentEvents(StreamAssembler assembler)
{
    private readonly PooledBytes _line = new(1024);
    private PooledBytes? _data;
    private bool _isTooLong;

    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var end = bytes.IndexOf((byte)'\n');
            if (end < 0)
            {
                _isTooLong = _isTooLong || !_line.TryKeep(bytes);
                return;
            }

            var line = bytes[..end];
            bytes = bytes[(end + 1)..];
            if (_isTooLong)
            {
                _line.Clear();
                _isTooLong = false;
            }
            else if (_line.Length > 0)
            {
                if (_line.TryKeep(line))
                {
                    EndLine(_line.Span, ref bytes);
                }

                _line.Clear();
            }
            else
            {
                EndLine(line, ref bytes);
            }
        }
    }

    /// <summary>The body is over. An event that was not ended by a blank line still counts if its line did end.</summary>
    public void Finish()
    {
        if (_line.Length > 0)
        {
            ReadOnlySpan<byte> nothing = default;
            EndLine(_line.Span, ref nothing);
            _line.Clear();
        }

        Dispatch();
    }

    public void Return()
    {
        _line.Return();
        _data?.Return();
    }

    private void EndLine(ReadOnlySpan<byte> line, ref ReadOnlySpan<byte> rest)
    {
        if (line.EndsWith("\r"u8))
        {
            line = line[..^1];
        }

        if (line.Length == 0)
        {
            Dispatch();
        }
        else if (line.StartsWith("data:"u8))
        {
            var data = line[5..];
            if (data.StartsWith(" "u8))
            {
                data = data[1..];
            }

            if (_data is not { Length: > 0 } && TakeBlankLine(ref rest))
            {
                assembler.OnEvent(data);
                return;
            }

            _data ??= new PooledBytes(1024);
            if (_data.Length > 0)
            {
                _data.TryKeep("\n"u8);
            }

            _data.TryKeep(data);
        }
    }

    private static bool TakeBlankLine(ref ReadOnlySpan<byte> rest)
    {
        var blank = rest.StartsWith("\n"u8) ? 1 : rest.StartsWith("\r\n"u8) ? 2 : 0;
        rest = rest[blank..];
        return blank > 0;
    }

    private void Dispatch()
    {
        if (_data is { Length: > 0 })
        {
            assembler.OnEvent(_data.Span);
            _data.Clear();
        }
    }
}
