using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.Otlp;

/// <summary>OpenTelemetry's exporter drops without a word; here each trace is counted, and each change said once.</summary>
[Collection(nameof(Tracing))]
public sealed class OtlpDeliveryTests
{
    [Fact]
    public async Task What_has_arrived_is_counted_by_traces()
    {
        await using var app = await OtlpApp.StartAsync(settings: _ => new() { ["OTEL_BSP_SCHEDULE_DELAY"] = "3600000" });
        await AskAsync(app, 3);
        Assert.Equal(3L, Read(app)["exporter.queued"]);

        await app.FlushedSpansAsync(6);
        var data = await UntilAsync(app, "exporter.exported", 3);

        Assert.Equal(0L, data["exporter.queued"]);
        Assert.True(data.ContainsKey("exporter.last_success"));
        Assert.DoesNotContain(data.Keys, key => key.StartsWith("exporter.dropped", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_has_not_is_counted_as_lost_and_the_change_is_said_once_each_way()
    {
        await using var app = await OtlpApp.StartAsync();
        app.Receiver.Intercept = context =>
        {
            context.Response.StatusCode = 400;
            return Task.FromResult(context.Request.Path.StartsWithSegments("/v1/traces", StringComparison.Ordinal));
        };
        for (var times = 1; times <= 2; times++)
        {
            await AskAsync(app, 1);
            app.Services.GetRequiredService<TracerProvider>().ForceFlush(30_000);
            await UntilAsync(app, "exporter.dropped.not_delivered", times);
        }

        Assert.Contains($"the OTLP endpoint {app.Receiver.Endpoint}v1/traces did not take the last spans", Assert.Single(app.Logs.Of(2010)).Message, StringComparison.Ordinal);
        app.Receiver.Intercept = null;
        Assert.Equal(ProbeResult.Degraded($"The OTLP endpoint {app.Receiver.Endpoint}v1/traces answers, but did not take the last spans."), await app.ProbeAsync());

        await AskAsync(app, 1);
        await app.FlushedSpansAsync(2);
        await UntilAsync(app, "exporter.exported", 1);
        Assert.Equal("Traces reach MLflow again; 2 were lost since the application started.", Assert.Single(app.Logs.Of(2011)).Message);
        var health = await app.ProbeAsync();
        Assert.Equal(HealthStatus.Healthy, health.Status);
        Assert.Contains("takes spans; 2 were lost since the application started (not_delivered 2).", health.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trace_that_finds_no_place_in_the_queue_is_lost_whole_and_counted()
    {
        await using var app = await OtlpApp.StartAsync(settings: _ => new() { ["OTEL_BSP_MAX_QUEUE_SIZE"] = "5", ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "5", ["OTEL_BSP_SCHEDULE_DELAY"] = "3600000" });

        // Two spans each: two traces have their place, and the third has half of one.
        await AskAsync(app, 4);

        Assert.Equal(2L, Read(app)["exporter.dropped.queue_full"]);
        Assert.Equal(2, (await app.FlushedSpansAsync(4)).Select(span => span.TraceId).Distinct().Count());
        await UntilAsync(app, "exporter.exported", 2);
        await AskAsync(app, 2);
        Assert.Equal(8, (await app.FlushedSpansAsync(8)).Count);
    }

    private static async Task AskAsync(OtlpApp app, int times)
    {
        for (var time = 0; time < times; time++)
        {
            await app.AskAsync();
        }
    }

    private static IReadOnlyDictionary<string, object> Read(OtlpApp app) => app.Services.GetRequiredService<ExporterMetrics>().Read();

    /// <summary>A flush is over when the request is; what is counted then is a moment later.</summary>
    private static async Task<IReadOnlyDictionary<string, object>> UntilAsync(OtlpApp app, string name, long count)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!Read(app).TryGetValue(name, out var now) || (long)now < count)
        {
            await tick.WaitForNextTickAsync(Limit.Token);
        }

        var data = Read(app);
        Assert.Equal(count, data[name]);
        return data;
    }
}
