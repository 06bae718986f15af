using System.Runtime.CompilerServices;

namespace LlamaStack.Instrumentation;

/// <summary>
/// A stream of events without the one that its reader did not ask for: the chunk of token counts. All other bytes come as they are, and when they come; of
/// an event that arrives in parts after the model has finished, all but the last part wait until it is seen what it is.
/// </summary>
internal sealed class UsageFreeStream(Stream inner, Exchange exchange) : BodyStream
{
    /// <summary>Token counts take less: a longer event is another one.</summary>
    private const int MaxHeld = 64 * 1024;

    /// <summary>The bytes so far of an event that is not over.</summary>
    private PooledBytes? _held;

    /// <summary>Bytes that wait for room in the reader's buffer.</summary>
    private PooledBytes? _out;
    private int _taken;
    private bool _atStart = true;
    private int _newlines;

    public override int Read(Span<byte> buffer)
    {
        while (true)
        {
            if (TryTake(buffer, out var count))
            {
                return count;
            }

            var read = inner.Read(buffer);
            if (Pass(buffer, read) is { } passed)
            {
                return passed;
            }
        }
    }

    /// <remarks>Pooled: it runs once a chunk.</remarks>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (TryTake(buffer.Span, out var count))
            {
                return count;
            }

            var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (Pass(buffer.Span, read) is { } passed)
            {
                return passed;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool TryTake(Span<byte> buffer, out int count)
    {
        count = 0;
        if (_out is not { Length: > 0 } waiting)
        {
            return false;
        }

        count = Math.Min(waiting.Length - _taken, buffer.Length);
        waiting.Span.Slice(_taken, count).CopyTo(buffer);
        _taken += count;
        if (_taken == waiting.Length)
        {
            waiting.Clear();
            _taken = 0;
        }

        return true;
    }

    /// <summary>Looks at what was read.</summary>
    /// <returns>How many bytes of it, moved together at the buffer's start, go to the reader; null where none does, but more comes or waits.</returns>
    private int? Pass(Span<byte> buffer, int read)
    {
        var passed = 0;
        if (read == 0)
        {
            if (buffer.Length > 0 && _held is { Length: > 0 } unended)
            {
                Emit(unended.Span, buffer, ref passed, room: buffer.Length);
                unended.Clear();
            }

            return passed > 0 || _out is not { Length: > 0 } ? passed : null;
        }

        for (var position = 0; position < read;)
        {
            var length = EventLength(buffer[position..read], out var isWhole);
            var part = buffer.Slice(position, length);
            position += length;
            if (_held is { Length: > 0 } || (_atStart && !isWhole && exchange.HasFinished))
            {
                (_held ??= new PooledBytes()).Append(part);
                if (isWhole)
                {
                    if (!IsUsage(_held.Span))
                    {
                        Emit(_held.Span, buffer, ref passed, room: position);
                    }

                    _held.Clear();
                }
                else if (_held.Length > MaxHeld)
                {
                    Emit(_held.Span, buffer, ref passed, room: position);
                    _held.Clear();
                }
            }
            else if (!_atStart || !isWhole || !IsUsage(part))
            {
                Emit(part, buffer, ref passed, room: position);
            }

            _atStart = isWhole;
        }

        return passed > 0 ? passed : null;
    }

    /// <summary>Gives bytes to the reader: into the buffer as far as what stood there has been looked at; later, where there is no room.</summary>
    private void Emit(ReadOnlySpan<byte> bytes, Span<byte> buffer, ref int passed, int room)
    {
        if (_out is { Length: > 0 } || bytes.Length > room - passed)
        {
            (_out ??= new PooledBytes()).Append(bytes);
        }
        else
        {
            bytes.CopyTo(buffer[passed..]);
            passed += bytes.Length;
        }
    }

    /// <summary>The bytes up to the end of the current event: a line without anything.</summary>
    private int EventLength(ReadOnlySpan<byte> bytes, out bool isWhole)
    {
        for (var index = 0; index < bytes.Length; index++)
        {
            if (bytes[index] == (byte)'\n')
            {
                if (++_newlines == 2)
                {
                    _newlines = 0;
                    isWhole = true;
                    return index + 1;
                }
            }
            else if (bytes[index] != (byte)'\r')
            {
                _newlines = 0;

                // Nothing before the line's end matters.
                var rest = bytes[index..].IndexOf((byte)'\n');
                index = rest < 0 ? bytes.Length : index + rest - 1;
            }
        }

        isWhole = false;
        return bytes.Length;
    }

    private static bool IsUsage(ReadOnlySpan<byte> text)
    {
        var data = text.IndexOf("data:"u8);
        return data >= 0 && (data == 0 || text[data - 1] == (byte)'\n') && StreamUsage.IsOnly(text[(data + "data:".Length)..]);
    }
}
