using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace LlamaStack.Mlflow.Tests.Spooling;

/// <summary>Traces on disk: through an outage, through the end of the process, read by whoever comes next.</summary>
[Collection(nameof(Tracing))]
public sealed class SpoolTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("spool-tests-");

    private FileInfo[] Files => _directory.GetFiles("*.spool", SearchOption.AllDirectories);

    [Fact]
    public async Task While_the_server_takes_traces_nothing_stays_on_disk()
    {
        await using var app = await StartAsync();
        for (var number = 0; number < 5; number++)
        {
            await app.AskAsync($"secret question {number}");
        }

        app.Flush();

        Assert.Equal(5, app.Mlflow.Traces.Count);
        var file = Assert.Single(Files);
        Assert.DoesNotContain("secret question", Text(file), StringComparison.Ordinal);
        await app.StopAsync();
        Assert.Empty(Files);
        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task What_an_application_could_not_send_the_next_one_does_in_order()
    {
        await using var app = await StartAsync(options => options.ShutdownTimeout = TimeSpan.FromSeconds(20));
        await app.Mlflow.StopAsync(Limit.Token);
        for (var number = 0; number < 8; number++)
        {
            await app.AskAsync($"{number}");
        }

        // It fails, and then the end waits only until all is on disk.
        await app.Logs.WaitForAsync(line => line.EventId == 2010, Limit.Token);
        await app.StopAsync();
        Assert.Equal("", app.Counts.Dropped);
        Assert.NotEmpty(Files);

        await app.Mlflow.RestartAsync(Limit.Token);
        await using var next = await StartAsync(options => options.TrackingUri = app.Mlflow.Endpoint);
        await app.Mlflow.WaitForTracesAsync(8, Limit.Token);

        Assert.Equal(Enumerable.Range(0, 8).Select(number => $"{number}"), app.Mlflow.Traces.Select(trace => trace.RequestPreview));
        await Limit.Until(() => Files.Length == 0);
        next.Flush();
        Assert.Equal(0, next.Counts.Queued);
    }

    [Fact]
    public async Task In_an_outage_traces_wait_on_disk_and_not_in_memory()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var app = await StartAsync(options => options.MaxQueuedTraces = 3, time);
        app.Mlflow.FailNext(503, "busy", count: 1, path: "/v1/traces");
        await app.AskAsync("first");
        await app.Logs.WaitForAsync(line => line.EventId == 2010, Limit.Token).WhileRunning(time, TimeSpan.FromMilliseconds(50));
        for (var number = 0; number < 20; number++)
        {
            await app.AskAsync($"{number}");
            await Limit.Until(() => app.Counts.Spooled == number + 2);
        }

        Assert.Equal("", app.Counts.Dropped);
        Assert.True((await app.ProbeAsync()).Description.Contains("503", StringComparison.Ordinal));
        await app.Mlflow.WaitForTracesAsync(21, Limit.Token).WhileRunning(time, TimeSpan.FromMilliseconds(250));
        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task A_refusal_keeps_the_traces_until_the_setting_is_right()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var app = await StartAsync(time: time);
        app.Mlflow.FailNext(403, "Permission denied", count: 2, path: "/v1/traces");
        await app.AskAsync();

        await app.Mlflow.WaitForTracesAsync(1, Limit.Token).WhileRunning(time, TimeSpan.FromMilliseconds(250));

        Assert.Equal("", app.Counts.Dropped);
        Assert.Single(app.Logs.Of(2010));
    }

    [Fact]
    public async Task What_is_too_old_is_dropped_and_counted()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var app = await StartAsync(options => options.MaxSpoolAge = TimeSpan.FromMinutes(5), time);
        app.Mlflow.FailNext(503, "busy", count: 10_000, path: "/v1/traces");
        await app.AskAsync();

        await Dropped(app, "spool_age: 1").WhileRunning(time, TimeSpan.FromSeconds(5));

        app.Flush();
    }

    [Fact]
    public async Task A_full_spool_drops_what_is_new_and_counts_it()
    {
        await using var app = await StartAsync(options => options.MaxSpoolBytes = 1024 * 1024);
        await app.Mlflow.StopAsync(Limit.Token);
        for (var number = 0; number < 4; number++)
        {
            await app.AskAsync(new string('x', 400 * 1024));
        }

        await Limit.Until(() => app.Counts.Dropped.Length > 0);

        Assert.Matches("^spool_full: [12]$", app.Counts.Dropped);
        await app.Mlflow.RestartAsync(Limit.Token);
    }

    [Fact]
    public async Task A_directory_that_cannot_be_used_is_said_and_traces_wait_in_memory()
    {
        var file = Path.Combine(_directory.FullName, "file");
        await File.WriteAllTextAsync(file, "", Limit.Token);
        await using var app = await StartAsync(options => options.SpoolDirectory = file);

        await app.AskAsync();

        app.Flush();
        Assert.Single(app.Mlflow.Traces);
        Assert.Contains(file, Assert.Single(app.Logs.Of(2015)).Message, StringComparison.Ordinal);
        Assert.Contains("LlamaStack:Tracing:SpoolDirectory", Assert.Single(app.Logs.Of(2015)).Message, StringComparison.Ordinal);
        Assert.Contains(file, (await app.ProbeAsync()).Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_but_the_owner_can_read_the_files()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has lists of rights, which the directory hands down.");
        await using var app = await StartAsync(options => options.Password = options.Username = "s3cret-word");
        await app.Mlflow.StopAsync(Limit.Token);
        await app.AskAsync();
        await Limit.Until(() => app.Counts.Spooled + app.Counts.Queued > 0 && Files.Length > 0);

        var folder = Assert.Single(_directory.GetDirectories());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, folder.UnixFileMode);
        Assert.All(Files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, file.UnixFileMode));
        await app.StopAsync();
        Assert.All(Files, file => Assert.DoesNotContain("s3cret-word", Text(file), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_applications_on_one_directory_do_not_take_each_others_files()
    {
        await using var one = await StartAsync();
        await using var other = await StartAsync(options => options.TrackingUri = one.Mlflow.Endpoint);

        for (var number = 0; number < 10; number++)
        {
            await one.AskAsync($"{number}");
        }

        one.Flush();
        other.Flush();
        Assert.Equal(10, one.Mlflow.Traces.Count);
        Assert.InRange(Files.Length, 1, 2);
        Assert.Equal("", one.Counts.Dropped + other.Counts.Dropped);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static string Text(FileInfo file)
    {
        // A lock of another of our own streams does not keep the system's own tools out.
        using var cat = Process.Start(new ProcessStartInfo("cat", [file.FullName]) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.Latin1 })!;
        return cat.StandardOutput.ReadToEnd();
    }

    private static async Task<bool> Dropped(TracedApp app, string counts)
    {
        await Limit.Until(() => app.Counts.Dropped == counts);
        return true;
    }

    private Task<TracedApp> StartAsync(Action<MlflowTracingOptions>? tracing = null, TimeProvider? time = null) => TracedApp.StartAsync(
        options =>
        {
            options.SpoolDirectory = _directory.FullName;
            options.ShutdownTimeout = TimeSpan.FromSeconds(2);
            tracing?.Invoke(options);
        },
        services: services =>
        {
            if (time is not null)
            {
                services.AddSingleton(time);
            }
        });
}
