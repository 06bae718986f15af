using System.Diagnostics;
using LlamaStack.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace LlamaStack.AspNetCore.Tests;

/// <summary>
/// No application stays without traces, whatever its callers say, whatever it listens to and logs itself: without the source of the request's own activity
/// .NET drops every span below it.
/// </summary>
[Collection(nameof(Tracing))]
public sealed class RequestTraceTests
{
    private const string Sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private const string NotSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    public enum Own
    {
        None,
        Before,
        After,
    }

    /// <summary>Caller, the application's own OpenTelemetry, logging, the middleware, and how many traces two calls make.</summary>
    public static TheoryData<string?, Own, bool, bool, int> Rows()
    {
        var rows = new TheoryData<string?, Own, bool, bool, int>();
        foreach (var caller in (string?[])[null, Sampled, NotSampled])
        {
            foreach (var own in Enum.GetValues<Own>())
            {
                foreach (var logging in (bool[])[true, false])
                {
                    foreach (var middleware in (bool[])[false, true])
                    {
                        rows.Add(caller, own, logging, middleware, caller == NotSampled && !middleware ? 2 : 1);
                    }
                }
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Two_calls_of_a_request_are_traced(string? caller, Own own, bool logging, bool middleware, int traces)
    {
        await using var app = await WebApp.StartAsync(
            app =>
            {
                if (middleware)
                {
                    app.UseLlamaStackTracing();
                }

                WebApp.MapAsk(app);
            },
            before: builder =>
            {
                if (!logging)
                {
                    builder.Logging.ClearProviders();
                }

                if (own is Own.Before)
                {
                    builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddAspNetCoreInstrumentation());
                }
            },
            after: services =>
            {
                if (own is Own.After)
                {
                    services.AddOpenTelemetry().WithTracing(tracing => tracing.AddAspNetCoreInstrumentation());
                }
            });

        (await app.SendAsync("POST", "/ask/7", Headers(caller))).Dispose();

        var found = await app.TracesAsync(traces);
        Assert.All(found, trace => Assert.Equal("OK", trace.State));
        if (traces == 2)
        {
            Assert.All(found, trace => Assert.Equal("chat demo/llama", Assert.Single(trace.Spans).Name));
            return;
        }

        var trace = found[0];
        var root = Assert.Single(trace.Spans, span => span.ParentSpanId is null);
        Assert.Equal(3, trace.Spans.Count);
        Assert.All(trace.Spans.Where(span => span != root), span => Assert.Equal((root.SpanId, "CHAT_MODEL"), (span.ParentSpanId!, span.Type)));
        Assert.Equal("First of 7?", trace.RequestPreview);
        Assert.StartsWith("Hello! You asked: \"Second of 7?\"", trace.ResponsePreview, StringComparison.Ordinal);
        Assert.Equal(caller == Sampled, trace.TraceId == "tr-0af7651916cd43dd8448eb211c80319c");
        Assert.Equal(middleware || own is not Own.None ? "POST /ask/{id}" : "chat demo/llama", trace.Name);
        if (caller == NotSampled && logging)
        {
            Assert.Equal("0af7651916cd43dd8448eb211c80319c", Assert.Single(root.Links).TraceId);
        }
    }

    [Theory]
    [InlineData(null, false, 2)]
    [InlineData(null, true, 1)]
    [InlineData(NotSampled, false, 2)]
    [InlineData(NotSampled, true, 1)]
    public async Task Without_the_requests_own_spans_calls_are_traces_of_their_own_or_the_middlewares(string? caller, bool middleware, int traces)
    {
        await using var app = await WebApp.StartAsync(
            app =>
            {
                if (middleware)
                {
                    app.UseLlamaStackTracing();
                }

                WebApp.MapAsk(app);
            },
            options => options.IncludeRequestSpans = false);

        (await app.SendAsync("POST", "/ask/7", Headers(caller))).Dispose();

        Assert.All(await app.TracesAsync(traces), trace => Assert.Equal("OK", trace.State));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(null, false)]
    [InlineData(Sampled, true)]
    [InlineData(NotSampled, true)]
    [InlineData(NotSampled, false)]
    public async Task Requests_that_call_no_model_leave_nothing(string? caller, bool requestSpans)
    {
        await using var app = await WebApp.StartAsync(
            app =>
            {
                app.UseLlamaStackTracing();
                app.MapGet("/plain", () => "no model");
                app.MapHealthChecks("/health");
                WebApp.MapAsk(app);
            },
            options => options.IncludeRequestSpans = requestSpans,
            requests: _ => { });

        foreach (var path in (string[])["/plain", "/health", "/missing", "/plain"])
        {
            (await app.SendAsync("GET", path, Headers(caller))).Dispose();
        }

        (await app.SendAsync("POST", "/ask/7", Headers(caller == Sampled ? null : caller))).Dispose();

        Assert.Equal("POST /ask/{id}", (await app.TraceAsync()).Name);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Sampled)]
    [InlineData(NotSampled)]
    public async Task The_applications_own_sampler_that_says_no_is_respected(string? caller)
    {
        await using var app = await WebApp.StartAsync(
            app =>
            {
                app.UseLlamaStackTracing();
                WebApp.MapAsk(app);
            },
            before: builder => builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.SetSampler(new AlwaysOffSampler())));

        using var response = await app.SendAsync("POST", "/ask/7", Headers(caller));

        Assert.True(response.IsSuccessStatusCode);
        Assert.False(response.Headers.Contains("X-Trace-Id"));
        Assert.Empty(await app.TracesAsync(0));
    }

    [Theory]
    [InlineData(NotSampled, 0)]
    [InlineData(Sampled, 1)]
    [InlineData(null, 1)]
    public async Task A_callers_no_is_honored_where_that_is_asked_for(string? caller, int traces)
    {
        await using var app = await WebApp.StartAsync(
            app =>
            {
                app.UseLlamaStackTracing();
                WebApp.MapAsk(app);
            },
            options => options.HonorIncomingSampling = true);

        (await app.SendAsync("POST", "/ask/7", Headers(caller))).Dispose();

        await app.TracesAsync(traces);
        Assert.Equal(traces == 0, app.Logs.All.Any(line => line.Message.Contains("caller_not_sampled", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Requests_at_once_are_traces_of_their_own()
    {
        await using var app = await WebApp.StartAsync(app =>
        {
            app.UseLlamaStackTracing();
            WebApp.MapAsk(app);
        });

        await Task.WhenAll(Enumerable.Range(0, 25).Select(async number => (await app.SendAsync("POST", $"/ask/{number}", ("X-Session-Id", $"{number}"))).Dispose()));

        Assert.All(await app.TracesAsync(25), trace =>
        {
            Assert.Equal(3, trace.Spans.Count);
            Assert.Equal($"First of {trace.SessionId}?", trace.RequestPreview);
            Assert.StartsWith($"Hello! You asked: \"Second of {trace.SessionId}?\"", trace.ResponsePreview, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task The_applications_other_exporters_get_nothing_that_its_callers_refused()
    {
        var exported = new System.Collections.Concurrent.ConcurrentQueue<Activity>();
        await using var app = await WebApp.StartAsync(
            app =>
            {
                app.UseLlamaStackTracing();
                WebApp.MapAsk(app);
            },
            before: builder => builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddAspNetCoreInstrumentation().AddProcessor(new Listener(exported))));

        (await app.SendAsync("POST", "/ask/7", Headers(NotSampled))).Dispose();

        Assert.Equal("OK", (await app.TraceAsync()).State);
        Assert.DoesNotContain(exported, span => (string?)span.GetTagItem("url.path") == "/ask/7");
    }

    private static (string, string)[] Headers(string? traceParent) => traceParent is null ? [] : [("traceparent", traceParent)];

    private sealed class Listener(System.Collections.Concurrent.ConcurrentQueue<Activity> exported) : OpenTelemetry.BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data) => exported.Enqueue(data);
    }
}
