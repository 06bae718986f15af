using System.Text;
using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.Otlp;

/// <summary>OpenTelemetry's variables do what they do for its own registration, whether they stand in the environment or in configuration.</summary>
[Collection(nameof(Alone))]
public sealed class OtlpVariablesTests
{
    private const string Temporality = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    private const string Histograms = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";

    // In opentelemetry.proto.metrics.v1: Metric.histogram, Metric.exponential_histogram; AGGREGATION_TEMPORALITY_DELTA, _CUMULATIVE.
    private const int Histogram = 9;
    private const int Exponential = 10;
    private const int Delta = 1;
    private const int Cumulative = 2;

    [Theory]
    [InlineData(null, null, Histogram, Cumulative)]
    [InlineData(Temporality, "cumulative", Histogram, Cumulative)]
    [InlineData(Temporality, "delta", Histogram, Delta)]
    [InlineData(Temporality, "DELTA", Histogram, Delta)]
    [InlineData(Temporality, "lowmemory", Histogram, Delta)]
    [InlineData(Histograms, "explicit_bucket_histogram", Histogram, Cumulative)]
    [InlineData(Histograms, "base2_exponential_bucket_histogram", Exponential, Cumulative)]
    public Task The_form_of_metrics(string? name, string? value, int kind, int temporality) => InBothPlacesAsync(name, value, async app =>
    {
        await app.AskAsync();
        app.Services.GetRequiredService<MeterProvider>().ForceFlush(30_000);
        await app.Receiver.WaitForRequestAsync(request => request.Path == "/v1/metrics", Limit.Token);

        // ExportMetricsServiceRequest.resource_metrics.scope_metrics.metrics, and of each its name.
        var duration = Protobuf.At(app.Receiver.Metrics[0], 1, 2, 2).Select(Protobuf.Fields)
            .Single(metric => Encoding.UTF8.GetString(metric.Single(field => field.Field == 1).Bytes.Span) == "gen_ai.client.operation.duration");

        var data = Assert.Single(duration, field => field.Field is >= 5 and <= 11);
        Assert.Equal((kind, (ulong)temporality), (data.Field, Protobuf.Fields(data.Bytes).Single(field => field.Field == 2).Number));
    });

    [Fact]
    public Task How_often_metrics_are_sent() => InBothPlacesAsync("OTEL_METRIC_EXPORT_INTERVAL", "50", async app =>
    {
        await app.AskAsync();

        // Nobody asks for them: without the variable they would come after a minute.
        await app.Receiver.WaitForRequestAsync(request => request.Path == "/v1/metrics", Limit.Token);
    });

    [Theory]
    [InlineData("OTEL_BSP_SCHEDULE_DELAY", "123", 123, 2048, 30_000, 512)]
    [InlineData("OTEL_BSP_MAX_QUEUE_SIZE", "777", 5000, 777, 30_000, 512)]
    [InlineData("OTEL_BSP_EXPORT_TIMEOUT", "9", 5000, 2048, 9, 512)]
    [InlineData("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "7", 5000, 2048, 30_000, 7)]
    public Task How_spans_are_batched(string name, string value, int delay, int queue, int timeout, int batch) => InBothPlacesAsync(name, value, app =>
    {
        var batches = OtlpSettings.Of(app.Services, OtlpSettings.OfTraces).BatchExportProcessorOptions;
        Assert.Equal((delay, queue, timeout, batch), (batches.ScheduledDelayMilliseconds, batches.MaxQueueSize, batches.ExporterTimeoutMilliseconds, batches.MaxExportBatchSize));
        return Task.CompletedTask;
    });

    [Fact]
    public Task How_many_spans_a_request_holds() => InBothPlacesAsync("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1", async app =>
    {
        await app.AskAsync();
        await app.FlushedSpansAsync(2);

        Assert.Equal(2, app.Receiver.Requests.Count);
    });

    [Theory]
    [InlineData("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")]
    [InlineData("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT")]
    public Task How_long_an_attribute_may_be(string name) => InBothPlacesAsync(name, "4", async app =>
    {
        await app.AskAsync();

        Assert.All(await app.FlushedSpansAsync(2), span => Assert.All(span.Attributes.Values, value => Assert.True(value!.GetValueKind() is not System.Text.Json.JsonValueKind.String || ((string)value!).Length <= 4)));
    });

    [Fact]
    public Task How_many_attributes_a_span_may_have() => InBothPlacesAsync("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3", async app =>
    {
        await app.AskAsync();

        Assert.All(await app.FlushedSpansAsync(2), span => Assert.True(span.Attributes.Count <= 3));
    });

    [Fact]
    public Task What_the_application_is_called() => InBothPlacesAsync("OTEL_SERVICE_NAME", "shop", async app =>
    {
        await app.AskAsync();

        Assert.All(await app.FlushedSpansAsync(2), span => Assert.Equal("shop", (string?)span.Resource["service.name"]));
    });

    [Fact]
    public Task Which_traces_are_kept() => InBothPlacesAsync("OTEL_TRACES_SAMPLER", "always_off", async app =>
    {
        await app.AskAsync();

        Assert.Empty(await app.FlushedSpansAsync(0));
        Assert.Contains("sampler", (await app.Logs.WaitForAsync(line => line.Message.Contains("not_sampled", StringComparison.Ordinal) || line.Message.Contains("sampler", StringComparison.Ordinal), Limit.Token)).Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task Whether_anything_is_traced_at_all() => InBothPlacesAsync("OTEL_SDK_DISABLED", "true", async app =>
    {
        await app.AskAsync();
        app.Services.GetRequiredService<MeterProvider>().ForceFlush(30_000);

        Assert.Empty(await app.FlushedSpansAsync(0));
        Assert.Empty(app.Receiver.Requests);
        Assert.Equal(ProbeResult.Healthy("Tracing is switched off (OTEL_SDK_DISABLED): no trace is made."), await app.ProbeAsync());
    });

    [Theory]
    [InlineData(Temporality, "sometimes")]
    [InlineData(Temporality, "7")]
    [InlineData(Histograms, "none")]
    [InlineData("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "always")]
    [InlineData("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "disk")]
    [InlineData("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file.pem")]
    public async Task A_value_that_cannot_be_used_is_named(string name, string value)
    {
        using var variables = new Variables((name, value));
        Exception? failure = null;
        try
        {
            await using var app = await OtlpApp.StartAsync();
            app.Services.GetRequiredService<MeterProvider>();
        }
        catch (InvalidOperationException e)
        {
            failure = e;
        }

        Assert.Contains(name, Assert.IsType<InvalidOperationException>(failure).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_configuration_says_does_not_stay_in_the_environment()
    {
        await using var app = await OtlpApp.StartAsync(settings: _ => new() { ["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory", ["OTEL_SPAN_EVENT_COUNT_LIMIT"] = "9" });
        await app.AskAsync();
        await app.FlushedSpansAsync(2);

        Assert.Null(Environment.GetEnvironmentVariable("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"));
        Assert.Null(Environment.GetEnvironmentVariable("OTEL_SPAN_EVENT_COUNT_LIMIT"));
    }

    private static async Task InBothPlacesAsync(string? name, string? value, Func<OtlpApp, Task> test)
    {
        await using (var configured = await OtlpApp.StartAsync(settings: _ => name is null ? [] : new() { [name] = value }))
        {
            await test(configured);
        }

        using var variables = name is null ? new Variables() : new Variables((name, value));
        await using var app = await OtlpApp.StartAsync();
        await test(app);
    }
}
