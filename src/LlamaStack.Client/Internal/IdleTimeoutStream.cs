namespace LlamaStack.Client;

/// <summary>A body in which no single read takes longer than a limit. A read that does throws a <see cref="TimeoutException"/>.</summary>
internal sealed class IdleTimeoutStream : Stream
{
    private readonly Stream _body;
    private readonly TimeSpan _limit;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenRegistration _link;

    public IdleTimeoutStream(Stream body, TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        _body = body;
        _limit = limit;
        _caller = caller;
        _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _link = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _silence);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _silence.CancelAfter(_limit);
        try
        {
            return await _body.ReadAsync(buffer, _silence.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception)
        {
            throw _caller.IsCancellationRequested
                ? new OperationCanceledException(exception.Message, exception, _caller)
                : new TimeoutException($"Nothing was received for {_limit}.", exception);
        }
        finally
        {
            _silence.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _link.Dispose();
            _silence.Dispose();
            _body.Dispose();
        }

        base.Dispose(disposing);
    }
}
