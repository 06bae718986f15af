using System.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LlamaStack.Mlflow.Tests.Spooling;

/// <summary>A disk without room, a real one of a mebibyte: calls go on, what is lost is counted, and all is well once there is room.</summary>
[Collection(nameof(Tracing))]
public sealed class FullDiskTests : IAsyncLifetime
{
    private readonly DirectoryInfo _disk = Directory.CreateTempSubdirectory("small-disk-");
    private bool _isMounted;

    public async ValueTask InitializeAsync()
    {
        _isMounted = OperatingSystem.IsLinux() && await RunAsync("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", _disk.FullName);
        Assert.SkipUnless(_isMounted, "A small disk can be mounted on Linux by root alone.");
    }

    [Fact]
    public async Task Calls_go_on_what_is_lost_is_counted_and_what_was_kept_arrives()
    {
        const int Calls = 20;
        await using var app = await StartAsync();
        await app.Mlflow.StopAsync(Limit.Token);
        for (var number = 0; number < Calls; number++)
        {
            Assert.NotEmpty(await app.AskAsync($"{number} {new string('x', 100 * 1024)}"));
            await Limit.Until(() => app.Counts.Queued + app.Counts.Lost == number + 1);
        }

        Assert.Matches("^queue_full: [0-9]+$", app.Counts.Dropped);
        Assert.Contains(_disk.FullName, Assert.Single(app.Logs.Of(2015)).Message, StringComparison.Ordinal);
        var kept = Calls - app.Counts.Lost;

        await app.Mlflow.RestartAsync(Limit.Token);
        await app.Mlflow.WaitForTracesAsync(kept, Limit.Token);

        // There is room again: the next goes by the disk, as before.
        await app.AskAsync("after");
        await app.Mlflow.WaitForTracesAsync(kept + 1, Limit.Token);
        Assert.Equal(HealthStatus.Healthy, (await app.ProbeAsync()).Status);
        Assert.Equal(Calls - kept, app.Counts.Lost);
    }

    [Fact]
    public async Task What_had_to_wait_in_memory_goes_to_the_disk_once_there_is_room_and_outlives_the_application()
    {
        await using var app = await StartAsync();
        await app.Mlflow.StopAsync(Limit.Token);
        var ballast = Path.Combine(_disk.FullName, "ballast");
        Assert.False(await RunAsync("dd", "if=/dev/zero", $"of={ballast}", "bs=4k"));
        await app.AskAsync("0");
        await app.Logs.WaitForAsync(line => line.EventId == 2015, Limit.Token);

        // The first is on its way, again and again, and goes to the disk at the end.
        await app.Logs.WaitForAsync(line => line.EventId == 2010, Limit.Token);
        await app.AskAsync("1");
        await app.AskAsync("2");
        File.Delete(ballast);
        await Limit.Until(() => app.Counts.Spooled == 2);
        await app.StopAsync();
        Assert.Equal("", app.Counts.Dropped);

        await app.Mlflow.RestartAsync(Limit.Token);
        await using var next = await StartAsync(app.Mlflow.Endpoint);
        await app.Mlflow.WaitForTracesAsync(3, Limit.Token);
        Assert.Equal(["0", "1", "2"], app.Mlflow.Traces.Select(trace => trace.RequestPreview).Order());
    }

    public async ValueTask DisposeAsync()
    {
        if (_isMounted)
        {
            Assert.True(await RunAsync("umount", _disk.FullName));
        }

        _disk.Delete(recursive: true);
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.StandardError.ReadToEndAsync(Limit.Token);
        await process.WaitForExitAsync(Limit.Token);
        return process.ExitCode == 0;
    }

    private Task<TracedApp> StartAsync(Uri? mlflow = null) => TracedApp.StartAsync(options =>
    {
        options.SpoolDirectory = _disk.FullName;
        options.MaxQueuedTraces = 5;
        options.TrackingUri = mlflow ?? options.TrackingUri;
    });
}
