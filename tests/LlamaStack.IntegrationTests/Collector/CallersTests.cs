using System.Diagnostics;
using LlamaStack.Mlflow;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace LlamaStack.IntegrationTests;

/// <summary>
/// Callers of every kind, both modes, with and without OpenTelemetry.Instrumentation.AspNetCore: the trace is whole in a real MLflow (in mode Otlp through the shipped Collector
/// configuration), or a log line says why there is none.
/// </summary>
[Collection(nameof(InProcessTracing))]
public sealed class CallersTests(PeersFixture peers) : IAsyncLifetime
{
    private LlamaStackTestServer _models = null!;
    private OtlpTestServer _second = null!;
    private ShippedCollector _collector = null!;
    private HttpClient _mlflow = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _mlflow = new HttpClient { BaseAddress = (await peers.MlflowAsync()).Address };
        _models = await LlamaStackTestServer.StartAsync(cancellationToken: Cancellation);
        _second = await OtlpTestServer.StartAsync(cancellationToken: Cancellation);
        _collector = await ShippedCollector.StartAsync(_mlflow.BaseAddress!, _second.Endpoint, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        _mlflow.Dispose();
        await (_collector?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_second?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_models?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Theory]
    [InlineData(TracingMode.Mlflow, false)]
    [InlineData(TracingMode.Mlflow, true)]
    [InlineData(TracingMode.Otlp, false)]
    [InlineData(TracingMode.Otlp, true)]
    public async Task Whoever_calls_the_trace_is_whole_or_says_why_it_is_not(TracingMode mode, bool instrumented)
    {
        var logs = new LogLines();
        await using var app = await StartAsync(mode, instrumented, callersExport: false, logs);
        var foreign = ActivityTraceId.CreateRandom().ToHexString();

        var without = await AskAsync(app, null);
        var sampled = await AskAsync(app, $"00-{foreign}-b7ad6b7169203331-01");
        var notSampled = await AskAsync(app, $"00-{ActivityTraceId.CreateRandom().ToHexString()}-b7ad6b7169203331-00");

        Assert.Equal($"tr-{foreign}", sampled);
        foreach (var id in (string?[])[without, sampled, mode is TracingMode.Mlflow ? notSampled : without])
        {
            await AssertWholeAsync(app, id, mode);
        }

        if (mode is TracingMode.Otlp)
        {
            // OpenTelemetry's rule, kept there; and said.
            Assert.Null(notSampled);
            var health = (await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation)).Entries["mlflow"];
            Assert.Equal(1L, health.Data["calls.unrecorded.caller_not_sampled"]);
            Assert.Contains("HonorIncomingSampling", health.Description, StringComparison.Ordinal);
            Assert.Contains("HonorIncomingSampling", (await logs.WaitForAsync(line => line.Message.Contains("caller_not_sampled", StringComparison.Ordinal), Cancellation)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(TracingMode.Mlflow, false)]
    [InlineData(TracingMode.Mlflow, true)]
    [InlineData(TracingMode.Otlp, false)]
    [InlineData(TracingMode.Otlp, true)]
    public async Task Where_the_caller_exports_to_the_same_MLflow_its_span_is_the_root(TracingMode mode, bool instrumented)
    {
        await using var app = await StartAsync(mode, instrumented, callersExport: true, new LogLines());
        var (trace, span) = (ActivityTraceId.CreateRandom().ToHexString(), ActivitySpanId.CreateRandom().ToHexString());

        Assert.Equal($"tr-{trace}", await AskAsync(app, $"00-{trace}-{span}-01"));
        Flush(app);
        await PostCallerAsync(trace, span, mode);

        var stored = await CollectorTraces.WholeAsync(_mlflow, $"tr-{trace}", SpansIn(mode) + 1, Cancellation, () => Flush(app));
        Assert.Equal("gateway", stored.Root.Name);
        AssertOneTree(stored);
    }

    private static void Flush(WebApplication app) => app.Services.GetRequiredService<TracerProvider>().ForceFlush(30_000);

    private static int SpansIn(TracingMode mode) => mode is TracingMode.Otlp ? 3 : 2;

    private static void AssertOneTree(StoredTrace trace)
    {
        Assert.Equal("OK", trace.State);
        Assert.All(trace.Spans.Where(span => span.ParentId is not null), span => Assert.Contains(trace.Spans, parent => parent.Id == span.ParentId));
        Assert.Single(trace.Spans, span => span.Type == "CHAT_MODEL");
    }

    private async Task AssertWholeAsync(WebApplication app, string? traceId, TracingMode mode)
    {
        Assert.NotNull(traceId);
        var trace = await CollectorTraces.WholeAsync(_mlflow, traceId, SpansIn(mode), Cancellation, () => Flush(app));
        AssertOneTree(trace);
        Assert.Equal("POST /ask", trace.Name);
        Assert.Equal("Hello?", trace.RequestPreview);
    }

    /// <summary>The span of the caller, who exports on the same way.</summary>
    private async Task PostCallerAsync(string trace, string span, TracingMode mode)
    {
        using var http = new HttpClient();
        var now = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;
        var body = $$$"""{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"traceId":"{{{trace}}}","spanId":"{{{span}}}","name":"gateway","kind":3,"startTimeUnixNano":"{{{now - 1_000_000_000}}}","endTimeUnixNano":"{{{now}}}"}]}]}]}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(mode is TracingMode.Otlp ? _collector.Address : _mlflow.BaseAddress!, "/v1/traces")) { Content = new StringContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add("x-mlflow-experiment-id", _collector.ExperimentId);
        using var response = await http.SendAsync(request, Cancellation);
        response.EnsureSuccessStatusCode();
    }

    private static async Task<string?> AskAsync(WebApplication app, string? caller)
    {
        Activity.Current = null;
        using var http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(app.Urls.First()), "/ask"));
        if (caller is not null)
        {
            request.Headers.Add("traceparent", caller);
        }

        using var response = await http.SendAsync(request, Cancellation);
        response.EnsureSuccessStatusCode();
        return response.Headers.TryGetValues("X-Trace-Id", out var ids) ? ids.Single() : null;
    }

    private async Task<WebApplication> StartAsync(TracingMode mode, bool instrumented, bool callersExport, LogLines logs)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(logs);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _collector.Grpc.AbsoluteUri,
        });
        if (instrumented)
        {
            builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddAspNetCoreInstrumentation());
        }

        builder.Services.AddLlamaStack(options => (options.Endpoint, options.Model) = (_models.Endpoint, "demo/llama")).WithMlflowTracing(options =>
        {
            (options.Mode, options.TrackingUri, options.ExperimentId) = (mode, _mlflow.BaseAddress, _collector.ExperimentId);
            (options.ContentCapture, options.CallersExportToMlflow, options.ExportInterval) = (Instrumentation.ContentCapture.Full, callersExport, TimeSpan.FromMilliseconds(10));
        });
        var app = builder.Build();
        app.UseLlamaStackTracing();
        app.MapPost("/ask", async (IChatClient chat) => (await chat.GetResponseAsync("Hello?", cancellationToken: Cancellation)).Text);
        await app.StartAsync(Cancellation);
        return app;
    }
}
