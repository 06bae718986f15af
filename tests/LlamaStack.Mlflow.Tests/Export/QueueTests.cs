using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>What waits is bounded: beyond it traces are dropped and counted, and no call waits.</summary>
[Collection(nameof(Tracing))]
public sealed class QueueTests
{
    [Fact]
    public async Task Beyond_so_many_traces_further_ones_are_dropped_and_counted()
    {
        await using var app = await TracedApp.StartAsync(options => (options.MaxQueuedTraces, options.ExportInterval) = (5, TimeSpan.FromMinutes(1)));

        for (var number = 0; number < 8; number++)
        {
            Assert.NotEmpty(await app.AskAsync($"{number}"));
        }

        Assert.Equal("queue_full: 3", app.Counts.Dropped);
        Assert.Equal(5, app.Counts.Queued);
        app.Flush();
        Assert.Equal(["0", "1", "2", "3", "4"], app.Mlflow.Traces.Select(trace => trace.RequestPreview).Order());
        Assert.Equal(0, app.Counts.Queued);
    }

    [Fact]
    public async Task Beyond_so_much_content_further_traces_are_dropped_and_counted()
    {
        var time = new FakeTimeProvider();
        await using var app = await TracedApp.StartAsync(
            options => (options.MaxQueuedBytes, options.ExportInterval, options.ShutdownTimeout) = (1024 * 1024, TimeSpan.FromMinutes(1), TimeSpan.Zero),
            services: services => services.AddSingleton<TimeProvider>(time));

        // The server is away: what the worker has taken it keeps, the rest waits.
        await app.Mlflow.StopAsync(Limit.Token);
        var question = new string('x', 400 * 1024);
        for (var number = 0; number < 12; number++)
        {
            Assert.NotEmpty(await app.AskAsync(question));
        }

        var dropped = app.Counts.Dropped;
        Assert.StartsWith("queue_full: ", dropped, StringComparison.Ordinal);

        // Two fit into the queue, and two more into the request that is on its way.
        Assert.InRange(int.Parse(dropped["queue_full: ".Length..], System.Globalization.CultureInfo.InvariantCulture), 8, 10);
    }

    [Fact]
    public async Task A_trace_bigger_than_the_whole_queue_is_dropped_and_the_next_is_not()
    {
        await using var app = await TracedApp.StartAsync(options => options.MaxQueuedBytes = 1024 * 1024);
        await app.AskAsync(new string('x', 2 * 1024 * 1024));
        await app.AskAsync("small");

        Assert.Equal("small", app.FlushedTrace().RequestPreview);
        Assert.Equal("queue_full: 1", app.Counts.Dropped);
    }

    [Fact]
    public async Task What_has_left_makes_room()
    {
        await using var app = await TracedApp.StartAsync(options => (options.MaxQueuedTraces, options.ExportInterval) = (2, TimeSpan.FromMinutes(1)));
        for (var round = 0; round < 3; round++)
        {
            await app.AskAsync();
            await app.AskAsync();
            app.Flush();
        }

        Assert.Equal(6, app.Mlflow.Traces.Count);
        Assert.Equal("", app.Counts.Dropped);
    }
}
