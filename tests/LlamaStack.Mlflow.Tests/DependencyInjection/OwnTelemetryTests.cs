using System.Diagnostics;
using LlamaStack.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.DependencyInjection;

/// <summary>An application with OpenTelemetry and an exporter of its own: each span comes once to each back end, whatever is registered when, and as its library made it.</summary>
[Collection(nameof(Tracing))]
public sealed class OwnTelemetryTests
{
    private static readonly AIFunction _weather = AIFunctionFactory.Create((string city) => $"{city}: rain", "get_weather");

    /// <summary>Mode, what the application registers (and when), and whether it instruments HttpClient (and how often).</summary>
    public static TheoryData<TracingMode, string, int> Orders()
    {
        var rows = new TheoryData<TracingMode, string, int>();
        foreach (var mode in Enum.GetValues<TracingMode>())
        {
            foreach (var order in (string[])["before", "after", "around", "twice before"])
            {
                foreach (var http in (int[])[0, 1, 2])
                {
                    rows.Add(mode, order, http);
                }
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task Each_span_comes_once_to_each_exporter(TracingMode mode, string order, int http)
    {
        List<Activity> own = [];
        await using var app = await TwoWays.StartAsync(mode, (services, isBefore) =>
        {
            var registers = order switch { "before" => isBefore ? 1 : 0, "after" => isBefore ? 0 : 1, "around" => 1, _ => isBefore ? 2 : 0 };
            for (var time = 0; time < registers; time++)
            {
                var isFirst = isBefore || order == "after";
                services.AddOpenTelemetry().WithTracing(tracing =>
                {
                    tracing.AddSource("Shop");
                    if (isFirst && time == 0)
                    {
                        tracing.AddInMemoryExporter(own);
                    }

                    for (var times = 0; times < http; times++)
                    {
                        tracing.AddHttpClientInstrumentation();
                    }
                });
            }
        });
        using var shop = new ActivitySource("Shop");
        using (shop.StartActivity("checkout"))
        {
            await app.AskAsync();
        }

        using (shop.StartActivity("unrelated"))
        {
        }

        var sent = await app.SentAsync();
        var isOtlp = mode is TracingMode.Otlp;
        Assert.Equal(isOtlp ? ["POST", "chat demo/llama", "checkout"] : ["chat demo/llama", "checkout"], sent.Order(StringComparer.Ordinal));
        var names = own.Where(span => span.Source.Name is "Shop" or "System.Net.Http" or "LlamaStack.Instrumentation").Select(span => span.DisplayName).ToList();
        Assert.Equal(
            (string[])[.. isOtlp || http > 0 ? (string[])["POST"] : [], "chat demo/llama", "checkout", "unrelated"],
            names.Where(name => name != "GET").Order(StringComparer.Ordinal));
        Assert.Equal(own.Count, own.Distinct().Count());
    }

    [Fact]
    public async Task Mode_Otlp_takes_nothing_from_spans_that_other_exporters_see_and_renames_none()
    {
        List<Activity> own = [];
        await using var app = await TwoWays.StartAsync(TracingMode.Otlp, (services, isBefore) =>
        {
            if (!isBefore)
            {
                services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource("Experimental.Microsoft.Extensions.AI").AddInMemoryExporter(own));
            }
        });
        using var chat = app.Chat.AsBuilder().UseFunctionInvocation().UseOpenTelemetry().Build();

        await chat.GetResponseAsync("What is the weather in Paris?", new ChatOptions { Tools = [_weather] }, Limit.Token);

        await app.SentAsync();
        Assert.Contains(own, span => span.DisplayName == "execute_tool get_weather");
        var sum = own.Single(span => span.Parent is null && span.Source.Name.Contains("Extensions.AI", StringComparison.Ordinal));
        Assert.NotNull(sum.GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Null(sum.GetTagItem("mlflow.chat.tokenUsage"));
    }

    /// <summary>When the mode is said: each leads to the same spans, the HTTP client's among them.</summary>
    [Theory]
    [InlineData("configured before")]
    [InlineData("configured after")]
    [InlineData("second call")]
    [InlineData("section")]
    public async Task A_mode_that_is_said_early_or_late_brings_all_that_goes_with_it(string when)
    {
        await using var app = await TwoWays.StartAsync(
            TracingMode.Mlflow,
            (services, isBefore) =>
            {
                if ((when == "configured before" && isBefore) || (when == "configured after" && !isBefore))
                {
                    services.Configure<MlflowTracingOptions>(options => options.Mode = TracingMode.Otlp);
                }
                else if (when == "second call" && !isBefore)
                {
                    services.AddLlamaStack().WithMlflowTracing(options => options.Mode = TracingMode.Otlp);
                }
            },
            when == "section" ? new() { ["LlamaStack:Tracing:Mode"] = "Otlp" } : []);

        await app.AskAsync();

        Assert.Equal(["POST", "chat demo/llama"], (await app.SpansOverOtlpAsync(2)).Select(span => span.Name).Order(StringComparer.Ordinal));
        Assert.Empty(app.Mlflow.Traces);
        Assert.Contains((await app.SpansOverOtlpAsync(2)).Single(span => span.Name == "POST").SpanId, app.Models.Requests.Single(request => request.Method == "POST").Headers["traceparent"], StringComparison.Ordinal);
    }

    /// <summary>Variables, mode, the line that is said (0 for none), and a word of it.</summary>
    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318", TracingMode.Mlflow, 2006, "MLFLOW_ENABLE_TRACING=false")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4318/v1/traces", TracingMode.Mlflow, 2006, "LlamaStack:Tracing:Mode=Otlp")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "", TracingMode.Mlflow, 0, "")]
    [InlineData("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true", TracingMode.Mlflow, 2005, "one way only, mode Mlflow")]
    [InlineData("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "1", TracingMode.Otlp, 2005, "one way only, mode Otlp")]
    [InlineData("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "false", TracingMode.Mlflow, 0, "")]
    [InlineData("MLFLOW_TRACKING_URI", "http://mlflow:5000", TracingMode.Otlp, 0, "")]
    public async Task What_would_write_twice_is_said_at_start(string variable, string value, TracingMode mode, int line, string words)
    {
        await using var app = await TwoWays.StartAsync(mode, configuration: new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = null, [variable] = value });

        var said = app.Logs.All.Where(entry => entry.EventId is 2004 or 2005 or 2006).ToList();

        Assert.Equal(line == 0 ? [] : [line], said.Select(entry => entry.EventId));
        Assert.All(said, entry => Assert.Contains(words, entry.Message, StringComparison.Ordinal));
        Assert.All(said, entry => Assert.Contains(variable, entry.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Both_calls_together_are_one_way_and_said_to_be()
    {
        await using var app = await TwoWays.StartAsync(TracingMode.Mlflow, (services, isBefore) =>
        {
            if (!isBefore)
            {
                services.AddLlamaStack().WithOtlpTracing();
            }
        });

        await app.AskAsync();

        Assert.Equal(["chat demo/llama"], await app.SentAsync());
        Assert.Contains("mode Mlflow", Assert.Single(app.Logs.Of(2004)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("false", TracingMode.Mlflow, 0)]
    [InlineData("0", TracingMode.Mlflow, 0)]
    [InlineData("true", TracingMode.Mlflow, 1)]
    [InlineData("false", TracingMode.Otlp, 2)]
    public async Task The_switch_against_writing_twice_is_the_direct_modes(string value, TracingMode mode, int spans)
    {
        await using var app = await TwoWays.StartAsync(mode, configuration: new() { ["MLFLOW_ENABLE_TRACING"] = value });

        await app.AskAsync();

        Assert.Equal(spans, (await app.SentAsync()).Count);
    }
}
