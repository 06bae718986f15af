using System.Diagnostics;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.Export;

[Collection(nameof(Tracing))]
public sealed class ShutdownTests
{
    [Fact]
    public async Task At_a_normal_end_everything_arrives()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExportInterval = TimeSpan.FromMinutes(1));
        for (var number = 0; number < 5; number++)
        {
            await app.AskAsync();
        }

        await app.StopAsync();

        Assert.Equal(5, app.Mlflow.Traces.Count);
        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task A_server_that_never_answers_holds_the_end_up_no_longer_than_the_option_says()
    {
        await using var app = await TracedApp.StartAsync(options => (options.ShutdownTimeout, options.MaxBatchTraces) = (TimeSpan.FromMilliseconds(300), 1));
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var never = new TaskCompletionSource();
        app.Mlflow.Intercept = async context =>
        {
            asked.TrySetResult();
            await never.Task.WaitAsync(context.RequestAborted);
            return true;
        };
        await app.AskAsync();
        await app.AskAsync();
        await asked.Task.Soon();

        var watch = Stopwatch.StartNew();
        await app.StopAsync();

        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(4));
        Assert.Equal("shutdown: 2", app.Counts.Dropped);
    }

    [Fact]
    public async Task A_call_after_the_end_of_tracing_is_not_traced_and_works()
    {
        await using var app = await TracedApp.StartAsync();
        var tracing = app.Services.GetRequiredService<TracerProvider>();
        await app.AskAsync();
        app.Flush();
        Assert.True(tracing.Shutdown(5000));

        Assert.NotEmpty(await app.AskAsync());

        Assert.Single(app.Mlflow.Traces);
        Assert.Equal(0, app.Counts.Queued);
    }

    [Fact]
    public async Task A_flush_after_an_end_that_could_not_send_everything_does_not_wait_for_ever()
    {
        await using var app = await TracedApp.StartAsync(options => (options.ShutdownTimeout, options.MaxBatchTraces) = (TimeSpan.Zero, 1));
        await app.Mlflow.StopAsync(Limit.Token);
        await app.AskAsync();
        await app.AskAsync();
        var tracing = app.Services.GetRequiredService<TracerProvider>();
        tracing.Shutdown(0);

        var flush = Task.Run(() => tracing.ForceFlush(), Limit.Token);

        await flush.Soon();
        Assert.Equal(0, app.Counts.Queued);
        await Limit.Until(() => app.Counts.Dropped == "shutdown: 2");
    }

    [Fact]
    public async Task A_trace_whose_spans_have_arrived_is_not_counted_as_lost()
    {
        await using var app = await TracedApp.StartAsync(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(200), server => server.Version = "3.12.0");
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var never = new TaskCompletionSource();
        app.Mlflow.Intercept = async context =>
        {
            if (context.Request.Path.Value != "/api/3.0/mlflow/traces")
            {
                return false;
            }

            asked.TrySetResult();
            await never.Task.WaitAsync(context.RequestAborted);
            return true;
        };
        await app.AskAsync();
        await asked.Task.Soon();

        await app.StopAsync();

        Assert.Equal((1, ""), (app.Counts.Exported, app.Counts.Dropped));
    }

    [Fact]
    public async Task A_flush_waits_no_longer_than_it_is_told()
    {
        await using var app = await TracedApp.StartAsync(options => options.ShutdownTimeout = TimeSpan.Zero);
        await app.Mlflow.StopAsync(Limit.Token);
        await app.AskAsync();

        var watch = Stopwatch.StartNew();
        Assert.False(app.Services.GetRequiredService<TracerProvider>().ForceFlush(200));

        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(150), TimeSpan.FromSeconds(4));
    }

    [Fact]
    public async Task Flushes_from_several_threads_under_load_all_come_back()
    {
        await using var app = await TracedApp.StartAsync();
        var tracing = app.Services.GetRequiredService<TracerProvider>();

        var calls = Enumerable.Range(0, 40).Select(async _ =>
        {
            await app.AskAsync();
            await Task.Run(() => Assert.True(tracing.ForceFlush(20_000)));
        });
        await Task.WhenAll(calls).Soon();

        Assert.Equal(40, app.Mlflow.Traces.Count);
    }

    [Fact]
    public async Task What_is_open_at_the_end_is_sent_with_what_it_has()
    {
        await using var app = await TracedApp.StartAsync();
        var root = LlamaStackTrace.StartSpan("endless");
        await app.AskAsync();

        await app.StopAsync();

        Assert.Equal("chat demo/llama", Assert.Single(Assert.Single(app.Mlflow.Traces).Spans).Name);
        root.Dispose();
    }

    [Theory]
    [InlineData(-1, 5, 5)]
    [InlineData(1, 5, 1)]
    [InlineData(10, 5, 5)]
    [InlineData(5, 30, 30)]
    [InlineData(4, 30, 4)]
    [InlineData(5, 1, 1)]
    public void The_option_holds_beyond_the_five_seconds_that_the_providers_Dispose_gives(int given, int option, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), MlflowExporter.ShutdownTimeout(given < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(given), TimeSpan.FromSeconds(option)));

    [Fact]
    public async Task Disposing_twice_is_harmless()
    {
        await using var app = await TracedApp.StartAsync();
        await app.AskAsync();
        var tracing = app.Services.GetRequiredService<TracerProvider>();

        tracing.Dispose();
        tracing.Dispose();
        await app.StopAsync();

        Assert.Single(app.Mlflow.Traces);
    }
}
