using System.Diagnostics;
using System.Text;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>The memory that encoded spans lie in: nobody gets it while somebody reads them.</summary>
public sealed class SpanRoomTests
{
    [Fact]
    public void A_room_is_given_back_with_the_last_who_needs_it()
    {
        var bytes = new PooledBytes(64);
        var room = new SpanRoom(bytes);
        List<ReadOnlyMemory<byte>> added = [];
        while (room.TryAdd(Encoding.ASCII.GetBytes($"trace number {added.Count}"), out var one))
        {
            added.Add(one);
        }

        Assert.InRange(added.Count, 2, bytes.Capacity);
        Assert.Equal(Enumerable.Range(0, added.Count).Select(number => $"trace number {number}"), added.Select(one => Encoding.ASCII.GetString(one.Span)));
        room.Release();
        for (var left = added.Count; left > 0; left--)
        {
            Assert.NotEqual(0, bytes.Capacity);
            room.Release();
        }

        Assert.Equal(0, bytes.Capacity);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_trace_lets_go_of_its_room_once_and_never_while_it_may_be_read(bool mayBeRead)
    {
        var bytes = new PooledBytes(64);
        var room = new SpanRoom(bytes);
        Assert.True(room.TryAdd("one"u8, out var one));
        Assert.True(room.TryAdd("other"u8, out var other));
        room.Release();
        var (first, second) = (Trace(one, room), Trace(other, room));
        first.MayBeRead = mayBeRead;

        first.Release();
        first.Release();

        Assert.Equal("other", Encoding.ASCII.GetString(second.Spans.Span));
        Assert.NotEqual(0, bytes.Capacity);
        second.Release();
        Assert.Equal(mayBeRead, bytes.Capacity > 0);
    }

    [Fact]
    public void A_queue_keeps_it_until_the_trace_is_settled()
    {
        using var queue = new MemoryQueue();
        var bytes = TestSpans.Bytes("spans");
        queue.Add(Trace(bytes.Memory, new SpanRoom(bytes)));

        queue.PutBack(queue.Take(1));
        var again = queue.Take(1);

        Assert.Equal("spans", Encoding.ASCII.GetString(again[0].Spans.Span));
        queue.Done(again);
        Assert.Equal(0, bytes.Capacity);
    }

    [Fact]
    public async Task A_body_that_was_read_to_its_end_is_not_being_read()
    {
        using var content = new PartsContent(["one "u8.ToArray(), "two"u8.ToArray()]);

        Assert.Equal(7, content.Headers.ContentLength);
        Assert.Equal("one two", await content.ReadAsStringAsync(Limit.Token));
        Assert.False(content.IsBeingRead);
        using var copy = new MemoryStream();
        content.CopyTo(copy, null, Limit.Token);
        Assert.Equal("one two", Encoding.ASCII.GetString(copy.ToArray()));
        Assert.False(content.IsBeingRead);
    }

    [Fact]
    public async Task A_body_that_somebody_stopped_reading_may_be_read_on()
    {
        using var content = new PartsContent(["one"u8.ToArray()]);
        using var closed = new MemoryStream();
        closed.Close();

        await Assert.ThrowsAnyAsync<Exception>(() => content.CopyToAsync(closed, Limit.Token));

        Assert.True(content.IsBeingRead);
    }

    private static EncodedTrace Trace(ReadOnlyMemory<byte> spans, SpanRoom room) => new(ActivityTraceId.CreateRandom(), default, spans, null, false, null, room);
}
