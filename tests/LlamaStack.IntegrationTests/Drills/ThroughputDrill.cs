using System.Diagnostics;
using System.Text.Json.Nodes;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests.Drills;

/// <summary>How many traces a second a real MLflow takes from us, for a minute, and from Python's autolog, in one run on one machine.</summary>
[Trait("Category", "Drill")]
[Collection(nameof(InProcessTracing))]
public sealed class ThroughputDrill(PeersFixture peers)
{
    private static readonly TimeSpan _duration = TimeSpan.FromMinutes(1);

    [Fact(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    public async Task Ten_times_what_autolog_delivers_for_a_minute_and_nothing_lost()
    {
        var models = await peers.OgxAsync();
        await using var mlflow = await OwnMlflow.StartAsync();
        var autolog = await AutologAsync(models.Address, mlflow.Address);
        await using var app = new DrillApp(mlflow.Address);
        var calls = 0L;
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        long exported;
        using (var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20)))
        {
            // As much as it takes, and no more than fits into the queue.
            while (watch.Elapsed < _duration)
            {
                while (app.Queued < 500)
                {
                    await app.AskAsync($"{++calls} {new string('q', 2000)}");
                }

                await tick.WaitForNextTickAsync(DrillRun.Cancellation);
            }

            exported = app.Exported;
        }

        var rate = exported / watch.Elapsed.TotalSeconds;
        var cost = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMicroseconds / exported;
        Assert.True(app.Flush(TimeSpan.FromMinutes(2)), "Not everything has left.");
        var stored = await mlflow.CountAsync(app.Experiment);
        DrillRun.Say($"ours {rate:0} traces/s, {cost:0} us CPU a trace with its call; autolog {autolog:0.0} traces/s; {rate / autolog:0.0} times as many; in MLflow: {stored}");

        Assert.Null(app.Losses);
        Assert.Equal((calls, calls, calls), (stored.Traces, stored.Whole, stored.Spans));
        Assert.True(rate >= 10 * autolog, $"{rate:0} traces/s are less than ten times autolog's {autolog:0.0}.");
    }

    /// <summary>What autolog brings to the same server.</summary>
    /// <returns>Traces that arrived a second, its final flush included.</returns>
    private static async Task<double> AutologAsync(Uri models, Uri mlflow)
    {
        const int Calls = 200;
        var start = new ProcessStartInfo("bash", [
            Path.Combine(PeerProcess.Folder!, "python-autolog"), Path.Combine(PeerProcess.Folder!, "autolog", "calls.py"),
            "--base-url", $"{models.AbsoluteUri.TrimEnd('/')}/v1", "--mlflow", mlflow.AbsoluteUri.TrimEnd('/'), "--calls", $"{Calls}", "--threads", "4"])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = PeerProcess.Folder,
        };
        using var python = Process.Start(start)!;
        var output = await python.StandardOutput.ReadToEndAsync(DrillRun.Cancellation);
        await python.WaitForExitAsync(DrillRun.Cancellation);
        DrillRun.Say($"autolog: {output.Trim()}");
        var line = JsonNode.Parse(output.Split('\n').Last(text => text.StartsWith('{')))!;
        return Calls / ((Calls / (double)line["calls_per_second"]!) + (double)line["flush_seconds"]!);
    }
}
