using System.Collections.Concurrent;
using System.Diagnostics;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests.Drills;

/// <summary>Delivery to a real MLflow that is killed, or that gets more than it likes. Counted in its database.</summary>
[Trait("Category", "Drill")]
[Collection(nameof(InProcessTracing))]
public sealed class DeliveryDrills : IDisposable
{
    private readonly DirectoryInfo _spool = Directory.CreateTempSubdirectory("drill-spool-");

    [Fact(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    public async Task With_a_spool_an_outage_under_load_loses_nothing_and_doubles_nothing()
    {
        await using var mlflow = await OwnMlflow.StartAsync();
        await using var app = new DrillApp(mlflow.Address, options => (options.SpoolDirectory, options.MaxQueuedTraces) = (_spool.FullName, 100));

        var calls = await OutageAsync(mlflow, app);

        await DrillRun.UntilAsync(async () => (await mlflow.CountAsync(app.Experiment)).Traces >= calls && app.Queued == 0);
        var stored = await mlflow.CountAsync(app.Experiment);
        DrillRun.Say($"{calls} calls, in MLflow: {stored}");
        Assert.Equal((calls, calls, calls, calls, calls * DrillApp.InputTokens, calls * DrillApp.OutputTokens), stored);
        Assert.Null(app.Losses);
    }

    [Fact(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    public async Task Without_a_spool_memory_stays_within_its_bound_and_what_is_lost_is_counted()
    {
        await using var mlflow = await OwnMlflow.StartAsync();
        await using var app = new DrillApp(mlflow.Address, options => options.MaxQueuedTraces = 100);

        var calls = await OutageAsync(mlflow, app, () => Assert.InRange(app.Queued, 0, 200));

        await DrillRun.UntilAsync(() => Task.FromResult(app.Queued == 0));
        var stored = await mlflow.CountAsync(app.Experiment);
        DrillRun.Say($"{calls} calls, {app.Losses}, in MLflow: {stored}");
        Assert.True(app.Dropped > 0, "The outage was too short for the queue to fill.");
        var kept = calls - app.Dropped;
        Assert.Equal((kept, kept, kept, kept, kept * DrillApp.InputTokens, kept * DrillApp.OutputTokens), stored);
    }

    [Theory(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Two_thousand_traces_of_64_callers_some_huge_are_all_whole(int concurrentRequests)
    {
        const int Callers = 64, Traces = 2000, Spans = 500;
        await using var mlflow = await OwnMlflow.StartAsync();
        await using var app = new DrillApp(
            mlflow.Address, options => (options.MaxQueuedTraces, options.MaxQueuedBytes, options.MaxConcurrentRequests) = (5000, 512L * 1024 * 1024, concurrentRequests));
        var next = -1;
        var spans = 0;

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            for (var number = Interlocked.Increment(ref next); number < Traces; number = Interlocked.Increment(ref next))
            {
                var ofThis = number % 100 == 7 ? Spans : 1;
                Interlocked.Add(ref spans, ofThis);
                await app.AskAsync(number % 200 == 3 ? $"{number} {new string('q', 5_000_000)}" : $"{number} {new string('q', 1000)}", ofThis);
            }
        })));
        Assert.True(app.Flush(TimeSpan.FromMinutes(8)), "Not everything has left.");

        var stored = await mlflow.CountAsync(app.Experiment);
        DrillRun.Say($"{concurrentRequests} requests at once, in MLflow: {stored}");
        Assert.Null(app.Losses);
        Assert.Equal((Traces, Traces, spans, Traces, Traces * DrillApp.InputTokens, Traces * DrillApp.OutputTokens), stored);
    }

    public void Dispose() => _spool.Delete(recursive: true);

    /// <summary>Steady load; in the middle the server is killed while it receives, is away for a while, and comes back with the same database.</summary>
    /// <returns>How many calls there were.</returns>
    private static async Task<long> OutageAsync(OwnMlflow mlflow, DrillApp app, Action? check = null)
    {
        var calls = 0L;
        var isAway = false;
        ConcurrentBag<double> before = [], during = [];
        using var end = new CancellationTokenSource();
        var load = Task.Run(async () =>
        {
            using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (!end.IsCancellationRequested)
            {
                var watch = Stopwatch.GetTimestamp();
                await app.AskAsync($"question {++calls}");
                (Volatile.Read(ref isAway) ? during : before).Add(Stopwatch.GetElapsedTime(watch).TotalMilliseconds);
                check?.Invoke();
                await tick.WaitForNextTickAsync(DrillRun.Cancellation);
            }
        });

        // It is in the midst of it, and is killed again just after it has come back, when most is sent.
        await DrillRun.UntilAsync(() => Task.FromResult(app.Exported > 100));
        for (var outage = 0; outage < 2; outage++)
        {
            await mlflow.KillAsync();
            Volatile.Write(ref isAway, true);
            var from = Volatile.Read(ref calls);
            await DrillRun.UntilAsync(() => Task.FromResult(Volatile.Read(ref calls) > from + 300));
            var exported = app.Exported;
            await mlflow.RestartAsync();
            Volatile.Write(ref isAway, false);
            await DrillRun.UntilAsync(() => Task.FromResult(app.Exported > exported));
        }

        await end.CancelAsync();
        await load;
        var (usual, away) = (Median(before), Median(during));
        DrillRun.Say($"a call takes {usual:0.00} ms, and {away:0.00} ms while the server is away");
        Assert.True(away < (5 * usual) + 5, $"Calls take {away} ms while the server is away, {usual} ms otherwise.");
        return calls;
    }

    private static double Median(ConcurrentBag<double> values) => values.Order().ElementAt(values.Count / 2);
}
