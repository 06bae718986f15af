using LlamaStack.Instrumentation;
using LlamaStack.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace LlamaStack.Mlflow.Tests.Assembly;

/// <summary>Spans that end when their request is over: nothing is lost, and no trace is left without a root, for which MLflow would wait for ever.</summary>
[Collection(nameof(Tracing))]
public sealed class LateSpanTests
{
    [Fact]
    public async Task A_call_that_ends_after_its_request_hangs_below_it()
    {
        await using var app = await TracedApp.StartAsync();
        var (gate, held) = Hold(app);
        Task<string> late;
        using (Requests.Start())
        {
            late = app.AskAsync("Late?");
            await held.Soon();
            await app.AskAsync("In time?");
        }

        app.Flush();
        Assert.Equal("""
            request
              chat demo/llama
            """, Tree.Of(Assert.Single(app.Mlflow.Traces)));
        gate.SetResult();
        await late;

        Assert.Equal("""
            request
              chat demo/llama
              chat demo/llama
            """, Tree.Of(app.FlushedTrace()));
        Assert.Equal("OK", app.Mlflow.Traces[0].State);
    }

    [Fact]
    public async Task A_call_that_ends_after_a_request_that_had_nothing_to_tell_is_a_root()
    {
        await using var app = await TracedApp.StartAsync();
        var (gate, held) = Hold(app);
        Task<string> late;
        using (Requests.Start("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        {
            late = app.AskAsync("Late?");
            await held.Soon();
        }

        gate.SetResult();
        await late;

        var trace = app.FlushedTrace();
        Assert.Equal("tr-0af7651916cd43dd8448eb211c80319c", trace.TraceId);
        Assert.Equal("chat demo/llama", Tree.Of(trace));
        Assert.Equal(("OK", "Late?", "chat demo/llama"), (trace.State, trace.RequestPreview, trace.Name));
    }

    [Theory]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "b7ad6b7169203331", "IN_PROGRESS", 0)]
    [InlineData(null, null, "OK", 1)]
    public async Task Where_callers_export_to_the_same_MLflow_such_a_call_hangs_below_the_callers_span(string? caller, string? parent, string state, int traceInfos)
    {
        await using var app = await TracedApp.StartAsync(options => options.CallersExportToMlflow = true, mlflow: options => options.Version = "3.12.0");
        var (gate, held) = Hold(app);
        Task<string> late;
        using (Requests.Start(caller))
        {
            late = app.AskAsync("Late?");
            await held.Soon();
        }

        gate.SetResult();
        await late;
        app.Flush();

        var trace = Assert.Single(app.Mlflow.Traces);
        Assert.Equal(state, trace.State);
        Assert.Equal(parent, Assert.Single(trace.Spans).ParentSpanId);
        Assert.Equal(traceInfos, app.TraceInfos.Count);
    }

    [Fact]
    public async Task What_comes_late_counts_in_what_was_told_of_the_whole()
    {
        await using var app = await TracedApp.StartAsync(mlflow: options => options.Version = "3.12.0");
        var (gate, held) = Hold(app);
        Task<string> late;
        using (Requests.Start())
        {
            late = app.AskAsync("Late?");
            await held.Soon();
            await app.AskAsync("In time?");
        }

        app.Flush();
        var before = Assert.Single(app.Mlflow.Traces).TokenUsage["total_tokens"];
        gate.SetResult();
        await late;
        app.Flush();

        var trace = Assert.Single(app.Mlflow.Traces);
        Assert.Equal(2, app.TraceInfos.Count);
        Assert.True(trace.TokenUsage["total_tokens"] > before, "The late call's tokens are missing.");
        Assert.Equal(("OK", "chat demo/llama"), (trace.State, trace.Name));
    }

    [Fact]
    public async Task What_takes_too_much_memory_leaves_before_its_trace_ends()
    {
        await using var app = await TracedApp.StartAsync(options => options.MaxQueuedBytes = 1024 * 1024);
        using (Requests.Start())
        {
            for (var call = 0; call < 6; call++)
            {
                await app.AskAsync(new string('x', 400_000));

                // What has left makes room in the queue.
                app.Flush();
            }

            // Two take more than half of it: with every third the two before leave.
            Assert.Equal(4, Assert.Single(app.Mlflow.Traces).Spans.Count);
        }

        var trace = app.FlushedTrace();
        Assert.Equal(("OK", 7, 1), (trace.State, trace.Spans.Count, trace.Spans.Count(span => span.ParentSpanId is null)));
        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task A_second_request_of_one_trace_hangs_below_the_first()
    {
        // Whose caller exports nowhere, or elsewhere: MLflow's page shows what hangs below one root only.
        const string Caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        await using var app = await TracedApp.StartAsync();
        foreach (var question in new[] { "First?", "Second?" })
        {
            using (Requests.Start(Caller))
            {
                await app.AskAsync(question);
            }

            app.Flush();
        }

        var trace = Assert.Single(app.Mlflow.Traces);
        Assert.Equal("""
            request
              chat demo/llama
              request
                chat demo/llama
            """, Tree.Of(trace));
        Assert.Equal("First?", trace.RequestPreview);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_that_begins_after_its_request_is_part_of_what_there_is(bool requestHasCall)
    {
        await using var app = await TracedApp.StartAsync();
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<string> late;
        using (Requests.Start())
        {
            if (requestHasCall)
            {
                await app.AskAsync("In time?");
            }

            late = LateAsync();
        }

        over.SetResult();
        await late;
        app.Flush();

        var trace = Assert.Single(app.Mlflow.Traces);
        Assert.Equal("OK", trace.State);
        Assert.Equal(requestHasCall ? "request\n  chat demo/llama\n  chat demo/llama" : "chat demo/llama", Tree.Of(trace));

        async Task<string> LateAsync()
        {
            await over.Task.Soon();
            return await app.AskAsync("Late?");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Work_that_goes_on_after_its_request_is_one_tree(bool startsInTime)
    {
        await using var app = await TracedApp.StartAsync();
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task late;
        using (Requests.Start())
        {
            late = LateAsync();
        }

        over.SetResult();
        await late;

        var trace = app.FlushedTrace();
        Assert.Equal("""
            helper
              chat demo/llama
              chat demo/llama
            """, Tree.Of(trace));
        Assert.Equal(("OK", "One?"), (trace.State, trace.RequestPreview));

        async Task LateAsync()
        {
            if (!startsInTime)
            {
                await over.Task.Soon();
            }

            using var agent = LlamaStackTrace.StartAgent("helper");
            await over.Task.Soon();
            await app.AskAsync("One?");
            await app.AskAsync("Two?");
        }
    }

    [Fact]
    public async Task Work_that_has_called_before_its_request_was_over_hangs_below_the_request()
    {
        await using var app = await TracedApp.StartAsync();
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var called = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task late;
        using (Requests.Start())
        {
            late = LateAsync();
            await called.Task.Soon();
        }

        over.SetResult();
        await late;

        var trace = app.FlushedTrace();
        Assert.Equal("""
            request
              helper
                chat demo/llama
                chat demo/llama
            """, Tree.Of(trace));
        Assert.Equal("OK", trace.State);

        async Task LateAsync()
        {
            using var agent = LlamaStackTrace.StartAgent("helper");
            await app.AskAsync("One?");
            called.SetResult();
            await over.Task.Soon();
            await app.AskAsync("Two?");
        }
    }

    [Fact]
    public async Task A_stream_that_is_read_after_its_request_leaves_its_whole_answer()
    {
        await using var app = await TracedApp.StartAsync();
        IAsyncEnumerator<ChatResponseUpdate> stream;
        using (Requests.Start())
        {
            stream = app.Chat.GetStreamingResponseAsync("Stream?", cancellationToken: Limit.Token).GetAsyncEnumerator(Limit.Token);
            Assert.True(await stream.MoveNextAsync());
        }

        while (await stream.MoveNextAsync())
        {
        }

        await stream.DisposeAsync();

        var trace = app.FlushedTrace();
        Assert.Equal("OK", trace.State);
        Assert.Equal("chat demo/llama", Tree.Of(trace));
        Assert.StartsWith("Hello! You asked: \"Stream?\"", trace.ResponsePreview, StringComparison.Ordinal);
        Assert.True(trace.TokenUsage["total_tokens"] > 0);
    }

    [Fact]
    public async Task A_root_that_takes_too_long_does_not_hold_its_spans_and_ends_the_trace_when_it_ends()
    {
        var time = new FakeTimeProvider();
        await using var app = await TracedApp.StartAsync(
            options => (options.MaxTraceDuration, options.ShutdownTimeout) = (TimeSpan.FromMinutes(1), TimeSpan.Zero), services: services => services.AddSingleton<TimeProvider>(time));
        using (LlamaStackTrace.StartSpan("endless"))
        {
            await app.AskAsync("First?");
            await Limit.Until(() =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return app.Mlflow.Traces.Count == 1;
            });
            Assert.Equal("IN_PROGRESS", app.Mlflow.Traces[0].State);
            await app.AskAsync("Second?");
        }

        var trace = (await app.Mlflow.WaitForTracesAsync(1, Limit.Token).WhileRunning(time, TimeSpan.FromSeconds(1)))[0];
        Assert.Equal("OK", trace.State);
        Assert.Equal("""
            endless
              chat demo/llama
              chat demo/llama
            """, Tree.Of(trace));
    }

    [Fact]
    public async Task A_root_that_runs_for_days_does_not_keep_all_it_has_ever_sent()
    {
        var time = new FakeTimeProvider();
        await using var app = await TracedApp.StartAsync(
            options => (options.MaxTraceDuration, options.ShutdownTimeout) = (TimeSpan.FromMinutes(1), TimeSpan.Zero), services: services => services.AddSingleton<TimeProvider>(time));
        using (LlamaStackTrace.StartSpan("endless"))
        {
            var call = Step();
            await app.Mlflow.WaitForRequestAsync(request => request.Path == "/v1/traces", Limit.Token).WhileRunning(time, TimeSpan.FromSeconds(5));

            // It has left: nothing but a collection is needed for it to be gone.
            await Limit.Until(() =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                GC.Collect();
                return !call.IsAlive;
            });
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Step()
        {
            var step = LlamaStackTrace.StartSpan("step");
            step.Dispose();
            return new WeakReference(step.Activity);
        }
    }

    /// <summary>Holds the answer to the next model call back.</summary>
    private static (TaskCompletionSource Gate, Task Held) Hold(TracedApp app)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = 1;
        app.Models.Intercept = async context =>
        {
            if (Interlocked.Exchange(ref first, 0) == 1)
            {
                held.SetResult();
                await gate.Task.WaitAsync(context.RequestAborted);
            }

            return false;
        };
        return (gate, held.Task);
    }
}
