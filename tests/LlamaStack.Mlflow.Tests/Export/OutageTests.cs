using System.IO.Compression;
using System.Text;
using LlamaStack.Instrumentation;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>An internal error is the server's fault, or one trace's. A lasting one once split each batch of 100 down to single traces, tried four times each, and dropped them all.</summary>
[Collection(nameof(Tracing))]
public sealed class OutageTests
{
    private static readonly TimeSpan _step = TimeSpan.FromMilliseconds(500);
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Where_everything_meets_an_internal_error_nothing_is_dropped_and_little_is_asked()
    {
        await using var app = await StartAsync();
        var isIll = true;
        app.Mlflow.Intercept = context => Volatile.Read(ref isIll) ? FailAsync(context) : Task.FromResult(false);
        for (var number = 0; number < 64; number++)
        {
            await app.AskAsync($"{number}");
        }

        await Tried(app, 40).WhileRunning(_time, _step);
        Assert.Equal("", app.Counts.Dropped);
        Assert.Single(app.Logs.Of(2010));
        Assert.Empty(app.Logs.Of(2012));

        // One round, after the first few, is the batch, its halves down to single ones at both ends, and no more.
        Volatile.Write(ref isIll, false);
        await app.Mlflow.WaitForTracesAsync(64, Limit.Token).WhileRunning(_time, _step);
        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task One_that_is_bad_alone_waits_for_company_and_is_found_then()
    {
        await using var app = await StartAsync();
        app.Mlflow.Intercept = async context => await HoldsAsync(context, "bad") && await FailAsync(context);
        await app.AskAsync("bad");
        await Tried(app, 5).WhileRunning(_time, _step);
        Assert.Equal("", app.Counts.Dropped);

        await app.AskAsync("good");

        await app.Mlflow.WaitForTracesAsync(1, Limit.Token).WhileRunning(_time, _step);
        await Limit.Until(() => app.Counts.Dropped == "refused: 1");
    }

    [Fact]
    public async Task Bad_ones_in_a_row_are_no_outage()
    {
        await using var app = await StartAsync();
        app.Mlflow.Intercept = async context => await HoldsAsync(context, "bad") && await FailAsync(context);
        for (var number = 0; number < 10; number++)
        {
            await app.AskAsync($"bad {number}");
        }

        for (var number = 0; number < 10; number++)
        {
            await app.AskAsync($"good {number}");
        }

        await app.Mlflow.WaitForTracesAsync(10, Limit.Token).WhileRunning(_time, _step);
        await Limit.Until(() => app.Counts.Dropped == "refused: 10");
    }

    [Fact]
    public async Task However_many_are_bad_the_log_says_so_once()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExportInterval = TimeSpan.FromMinutes(1));
        var elsewhere = await app.Services.GetRequiredService<MlflowClient>().GetOrCreateExperimentAsync("elsewhere", Limit.Token);
        for (var number = 0; number < 12; number++)
        {
            using var span = LlamaStackTrace.StartSpan($"trace {number}");
            if (number % 2 == 0)
            {
                await RefusalTests.KeepAsync(app, elsewhere.Id, span.TraceId!);
            }
        }

        app.Flush();

        Assert.Equal("refused: 6", app.Counts.Dropped);
        Assert.Single(app.Logs.Of(2012));
        Assert.Contains("6 were lost since the application started (refused 6)", (await app.ProbeAsync()).Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_proxy_finds_too_big_together_goes_apart()
    {
        await using var app = await TracedApp.StartAsync(options => (options.ExportInterval, options.Compress) = (TimeSpan.FromMinutes(1), false));
        app.Mlflow.Intercept = async context =>
        {
            if (context.Request.ContentLength is null or < 12_000)
            {
                return false;
            }

            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            context.Response.StatusCode = 413;
            await context.Response.WriteAsync("<html>Request Entity Too Large</html>", context.RequestAborted);
            return true;
        };
        for (var number = 0; number < 6; number++)
        {
            await app.AskAsync(new string('x', 1000));
        }

        await app.AskAsync(new string('x', 20_000));
        app.Flush();

        Assert.Equal(6, app.Mlflow.Traces.Count);
        Assert.Equal("refused: 1", app.Counts.Dropped);
        Assert.Contains("413", Assert.Single(app.Logs.Of(2010)).Message, StringComparison.Ordinal);
    }

    private static async Task<bool> FailAsync(HttpContext context)
    {
        if (context.Request.Path.Value != "/v1/traces")
        {
            return false;
        }

        context.Response.StatusCode = 500;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync("""{"error_code":"INTERNAL_ERROR","message":"database or disk is full"}""", context.RequestAborted);
        return true;
    }

    private static async Task<bool> HoldsAsync(HttpContext context, string text)
    {
        using var plain = new MemoryStream();
        if (context.Request.Path.Value == "/v1/traces")
        {
            await using var body = new GZipStream(context.Request.Body, CompressionMode.Decompress, leaveOpen: true);
            await body.CopyToAsync(plain, context.RequestAborted);
            context.Request.Body.Position = 0;
        }

        return Encoding.UTF8.GetString(plain.ToArray()).Contains(text, StringComparison.Ordinal);
    }

    private static async Task<bool> Tried(TracedApp app, int requests)
    {
        await Limit.Until(() => app.Exports.Count >= requests);
        return true;
    }

    private Task<TracedApp> StartAsync() => TracedApp.StartAsync(
        options => (options.ShutdownTimeout, options.ExportInterval) = (TimeSpan.Zero, TimeSpan.FromSeconds(30)),
        services: services => services.AddSingleton<TimeProvider>(_time));
}
