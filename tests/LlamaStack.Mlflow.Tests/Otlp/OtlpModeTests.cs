using System.Diagnostics;
using System.Globalization;
using LlamaStack.Instrumentation;
using LlamaStack.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.Otlp;

[Collection(nameof(Tracing))]
public sealed class OtlpModeTests
{
    private static readonly AIFunction _weather = AIFunctionFactory.Create((string city) => $"{city}: rain", "get_weather");

    [Fact]
    public async Task Request_call_and_transport_arrive_as_one_tree_and_the_server_is_told_of_the_last()
    {
        await using var app = await OtlpApp.StartAsync();
        using (var request = Requests.Start())
        {
            request.DisplayName = "POST /chat";
            await app.AskAsync();
        }

        var spans = await app.FlushedSpansAsync(3);

        Assert.Equal(3, spans.Count);
        var root = Assert.Single(spans, span => span.ParentSpanId is null);
        var call = Assert.Single(spans, span => span.ParentSpanId == root.SpanId);
        var http = Assert.Single(spans, span => span.ParentSpanId == call.SpanId);
        Assert.Equal(("POST /chat", ActivityKind.Server), (root.Name, root.Kind));
        Assert.Equal(("chat demo/llama", ActivityKind.Client), (call.Name, call.Kind));
        Assert.Equal(("POST", "System.Net.Http"), (http.Name, http.ScopeName));
        Assert.Equal($"00-{http.TraceId}-{http.SpanId}-01", app.Models.Requests.Single(request => request.Method == "POST").Headers["traceparent"]);
        Assert.Equal("LlamaStack.Instrumentation", call.ScopeName);
    }

    [Fact]
    public async Task Without_http_spans_the_server_is_told_of_the_call_itself()
    {
        await using var app = await OtlpApp.StartAsync(options => options.IncludeHttpSpans = false);
        await app.AskAsync();

        var call = Assert.Single(await app.FlushedSpansAsync(1));

        Assert.Equal($"00-{call.TraceId}-{call.SpanId}-01", app.Models.Requests.Single(request => request.Method == "POST").Headers["traceparent"]);
    }

    [Fact]
    public async Task By_default_spans_say_what_MLflow_needs_and_nothing_of_the_content()
    {
        await using var app = await OtlpApp.StartAsync();
        using (Requests.Start())
        using (LlamaStackTrace.BeginScope("s-1", "u-1"))
        {
            await app.AskAsync("planted-secret?");
        }

        var spans = await app.FlushedSpansAsync(3);

        var root = spans.Single(span => span.ParentSpanId is null);
        var call = spans.Single(span => span.Name.StartsWith("chat", StringComparison.Ordinal));
        Assert.Equal("CHAT_MODEL", (string?)call.Attributes["mlflow.spanType"]);
        Assert.NotNull(call.Attributes["mlflow.chat.tokenUsage"]);
        Assert.NotNull(call.Attributes["gen_ai.usage.input_tokens"]);
        Assert.Equal("chat demo/llama", (string?)root.Attributes["mlflow.traceTag.mlflow.traceName"]);
        Assert.Equal("s-1", (string?)root.Attributes["session.id"]);
        Assert.Equal("u-1", (string?)root.Attributes["user.id"]);
        Assert.All(spans, span => Assert.DoesNotContain("planted-secret", Everything(span), StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_content_both_vocabularies_have_it_and_the_request_shows_question_and_answer()
    {
        await using var app = await OtlpApp.StartAsync(options => options.ContentCapture = ContentCapture.Full);
        using (Requests.Start())
        {
            await app.AskAsync("What?");
        }

        var spans = await app.FlushedSpansAsync(3);

        var root = spans.Single(span => span.ParentSpanId is null);
        var call = spans.Single(span => span.Name.StartsWith("chat", StringComparison.Ordinal));
        Assert.Contains("What?", (string?)call.Attributes["mlflow.spanInputs"], StringComparison.Ordinal);
        Assert.Contains("What?", (string?)call.Attributes["gen_ai.input.messages"], StringComparison.Ordinal);
        Assert.Contains("Hello!", (string?)call.Attributes["gen_ai.output.messages"], StringComparison.Ordinal);
        Assert.Equal("""{"messages":[{"role":"user","content":"What?"}]}""", (string?)root.Attributes["mlflow.spanInputs"]);
        Assert.Contains("Hello!", (string?)root.Attributes["mlflow.spanOutputs"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenTelemetrys_own_switch_turns_content_on()
    {
        await using var app = await OtlpApp.StartAsync(settings: _ => new() { ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true" });
        await app.AskAsync("What?");

        Assert.Contains(await app.FlushedSpansAsync(2), span => Everything(span).Contains("What?", StringComparison.Ordinal));
    }

    [Fact]
    public async Task MLflows_attributes_can_be_left_out()
    {
        await using var app = await OtlpApp.StartAsync(options => (options.IncludeMlflowAttributes, options.ContentCapture) = (false, ContentCapture.Full));
        await app.AskAsync("What?");

        var spans = await app.FlushedSpansAsync(2);

        Assert.All(spans, span => Assert.DoesNotContain(span.Attributes.Keys, key => key.StartsWith("mlflow.", StringComparison.Ordinal)));
        Assert.Contains(spans, span => span.Attributes.ContainsKey("gen_ai.input.messages"));
    }

    [Fact]
    public async Task Tokens_stand_on_model_calls_only()
    {
        await using var app = await OtlpApp.StartAsync();
        using var chat = app.Chat.AsBuilder().UseFunctionInvocation().Build();
        await chat.GetResponseAsync("What is the weather in Paris?", new ChatOptions { Tools = [_weather] }, Limit.Token);

        var spans = await app.FlushedSpansAsync(6);

        Assert.Equal(2, spans.Count(span => span.Attributes.ContainsKey("mlflow.chat.tokenUsage")));
        Assert.All(spans.Where(span => span.Attributes.ContainsKey("mlflow.chat.tokenUsage")), span => Assert.StartsWith("chat", span.Name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_failed_call_means_for_its_request_is_said_to_the_Collector_and_changes_no_status()
    {
        await using var app = await OtlpApp.StartAsync(options => options.ContentCapture = ContentCapture.Full);
        app.Models.Enqueue(ScriptedExchange.Json("/v1/chat/completions", """{"error":{"message":"The model is asleep."}}""", 503));
        using (Requests.Start())
        {
            await Assert.ThrowsAnyAsync<Exception>(() => app.AskAsync());
        }

        var root = (await app.FlushedSpansAsync(3)).Single(span => span.ParentSpanId is null);

        Assert.Equal(ActivityStatusCode.Unset, root.Status);
        Assert.Contains("The model is asleep.", (string?)root.Attributes["llama_stack.trace.failure"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, false, true, false)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false, true, true)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true, true, false)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false, false, false)]
    public async Task A_parent_that_never_comes_is_kept_and_marked_for_the_Collector(string? caller, bool callersExport, bool mlflowAttributes, bool marked)
    {
        await using var app = await OtlpApp.StartAsync(options => (options.CallersExportToMlflow, options.IncludeMlflowAttributes) = (callersExport, mlflowAttributes));
        using (Requests.Start(caller))
        {
            await app.AskAsync();
        }

        var spans = await app.FlushedSpansAsync(3);

        var root = spans.Single(span => span.Kind is ActivityKind.Server);
        Assert.Equal(caller is null ? null : "b7ad6b7169203331", root.ParentSpanId);
        Assert.Equal(marked, root.Attributes.ContainsKey("llama_stack.trace.foreign_parent"));
        Assert.DoesNotContain(spans, span => span != root && span.Attributes.ContainsKey("llama_stack.trace.foreign_parent"));
    }

    [Theory]
    [InlineData("eval", null, "mlflow=eval")]
    [InlineData("eval", "shop=1,mlflow=other", "mlflow=eval,shop=1")]
    [InlineData("not, valid=", null, "")]
    [InlineData(null, "shop=1", "shop=1")]
    public async Task The_experiment_goes_along_as_trace_state(string? experiment, string? before, string expected)
    {
        await using var app = await OtlpApp.StartAsync(services: (services, _) =>
        {
            if (experiment is not null)
            {
                services.AddOpenTelemetry().ConfigureResource(resource => resource.AddAttributes([KeyValuePair.Create("mlflow.experiment", (object)experiment)]));
            }
        });
        using (Requests.Start("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", before))
        {
            await app.AskAsync();
        }

        Assert.All(await app.FlushedSpansAsync(3), span => Assert.Equal(expected, span.TraceState));
        Assert.Equal(expected, app.Models.Requests.Single(request => request.Method == "POST").Headers.GetValueOrDefault("tracestate", ""));
    }

    [Fact]
    public async Task Metrics_of_the_calls_go_over_OTLP_too_and_the_applications_own_do_not()
    {
        await using var app = await OtlpApp.StartAsync(services: (services, _) => services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter("Shop")));
        using var meter = new System.Diagnostics.Metrics.Meter("Shop");
        meter.CreateCounter<int>("shop.orders").Add(1);
        await app.AskAsync();

        app.Services.GetRequiredService<MeterProvider>().ForceFlush(30_000);

        await app.Receiver.WaitForRequestAsync(request => request.Path == "/v1/metrics", Limit.Token);
        var sent = string.Concat(app.Receiver.Metrics.Select(body => System.Text.Encoding.Latin1.GetString(body.Span)));
        Assert.Contains("gen_ai.client.token.usage", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("shop.orders", sent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Servers_of_the_applications_other_calls_are_not_told_to_trace_nothing()
    {
        await using var app = await OtlpApp.StartAsync();
        await using var other = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        using var http = new HttpClient();
        using (Requests.Start())
        {
            await app.AskAsync();
            await http.GetStringAsync(new Uri(other.Endpoint, "/v1/version"), Limit.Token);
        }

        Assert.EndsWith("-01", other.Requests[0].Headers["traceparent"], StringComparison.Ordinal);
        Assert.Equal(3, (await app.FlushedSpansAsync(3)).Count);
    }

    [Fact]
    public async Task A_mode_from_configuration_brings_its_http_spans()
    {
        await using var receiver = await OtlpTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var builder = DependencyInjection.RegistrationTests.NewHost(new()
        {
            ["LlamaStack:Tracing:Mode"] = "Otlp",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Endpoint.AbsoluteUri,
        });
        builder.Services.AddLlamaStack(options => (options.Endpoint, options.Model) = (models.Endpoint, "demo/llama")).WithMlflowTracing();
        using (var host = builder.Build())
        {
            await host.StartAsync(Limit.Token);
            await host.Services.GetRequiredService<IChatClient>().GetResponseAsync("Hello?", cancellationToken: Limit.Token);
            await host.StopAsync(Limit.Token);
        }

        Assert.Equal(["POST", "chat demo/llama"], receiver.Spans.Select(span => span.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task No_call_to_MLflow_is_made()
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var app = await OtlpApp.StartAsync(options => options.TrackingUri = mlflow.Endpoint);
        await app.AskAsync();
        await app.FlushedSpansAsync(2);

        Assert.Equal(HealthStatus.Healthy, (await app.ProbeAsync()).Status);

        Assert.Empty(mlflow.Requests);
    }

    [Theory]
    [InlineData("00", 0)]
    [InlineData("01", 3)]
    public async Task A_callers_decision_is_honored(string flags, int spans)
    {
        await using var app = await OtlpApp.StartAsync();
        using (var request = new Activity("Microsoft.AspNetCore.Hosting.HttpRequestIn").SetParentId($"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}"))
        {
            if (flags == "00")
            {
                request.Start();
                await app.AskAsync();
            }
            else
            {
                using var listened = Requests.Start(request.ParentId);
                await app.AskAsync();
            }
        }

        Assert.Equal(spans, (await app.FlushedSpansAsync(spans)).Count);
    }

    [Theory]
    [InlineData("AddOtlpExporter")]
    [InlineData("UseOtlpExporter")]
    public async Task An_application_with_an_exporter_of_its_own_gets_no_clash(string how)
    {
        await using var app = await OtlpApp.StartAsync(services: (services, receiver) =>
        {
            var telemetry = services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource("Shop"));
            if (how == "UseOtlpExporter")
            {
                telemetry.UseOtlpExporter(OtlpExportProtocol.HttpProtobuf, receiver);
            }
            else
            {
                telemetry.WithTracing(tracing => tracing.AddOtlpExporter(exporter => (exporter.Protocol, exporter.Endpoint) = (OtlpExportProtocol.HttpProtobuf, new Uri(receiver, "/v1/traces"))));
            }
        });
        using var shop = new ActivitySource("Shop");
        using (shop.StartActivity("unrelated"))
        {
        }

        await app.AskAsync();

        // Its exporter gets all it listens to, ours the calls: both come here.
        var spans = await app.FlushedSpansAsync(5);
        Assert.Single(spans, span => span.Name == "unrelated");
        Assert.Equal(2, spans.Count(span => span.Name == "chat demo/llama"));
    }

    [Fact]
    public async Task A_receiver_that_is_away_fails_no_call()
    {
        await using var app = await OtlpApp.StartAsync();
        await app.Receiver.StopAsync(Limit.Token);

        Assert.NotEmpty(await app.AskAsync());
        app.Services.GetRequiredService<TracerProvider>().ForceFlush(5_000);
        Assert.NotEmpty(await app.AskAsync());
    }

    [Fact]
    public async Task Where_traces_go_is_said_once()
    {
        await using var app = await OtlpApp.StartAsync(settings: receiver => new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = new UriBuilder(receiver) { UserName = "ann", Password = "planted-pw" }.Uri.AbsoluteUri });
        await app.AskAsync();

        Assert.Equal($"Traces go over OTLP to {app.Receiver.Endpoint}v1/traces.", Assert.Single(app.Logs.Of(2002)).Message);
        Assert.DoesNotContain(app.Logs.All, line => line.ToString().Contains("planted-pw", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(401, "OTEL_EXPORTER_OTLP_HEADERS")]
    [InlineData(403, "OTEL_EXPORTER_OTLP_HEADERS")]
    [InlineData(404, "OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData(503, "503")]
    public async Task Health_asks_the_endpoint_and_tells_each_failure_apart(int status, string named)
    {
        await using var app = await OtlpApp.StartAsync();
        Assert.Equal(HealthStatus.Healthy, (await app.ProbeAsync()).Status);
        app.Receiver.Enqueue(new ScriptedExchange { Status = status });

        var health = await app.ProbeAsync();

        Assert.Equal(HealthStatus.Unhealthy, health.Status);
        Assert.Contains(named, health.Description, StringComparison.Ordinal);
        Assert.Contains($"{app.Receiver.Endpoint}v1/traces", health.Description, StringComparison.Ordinal);
        Assert.Empty(app.Receiver.Spans);
    }

    [Fact]
    public async Task Health_says_where_nobody_listens()
    {
        await using var app = await OtlpApp.StartAsync(settings: receiver => new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = new UriBuilder(receiver) { UserName = "ann", Password = "planted-pw" }.Uri.AbsoluteUri });
        await app.Receiver.StopAsync(Limit.Token);

        var health = await app.ProbeAsync();

        Assert.Equal(HealthStatus.Unhealthy, health.Status);
        Assert.Contains("Nothing listens", health.Description, StringComparison.Ordinal);
        Assert.Contains("4318", health.Description, StringComparison.Ordinal);
        Assert.DoesNotContain("planted-pw", health.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_says_that_an_http_port_speaks_no_gRPC()
    {
        await using var app = await OtlpApp.StartAsync(settings: _ => new() { ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc" });

        var health = await app.ProbeAsync();

        Assert.Equal(HealthStatus.Unhealthy, health.Status);
        Assert.Contains("OTEL_EXPORTER_OTLP_PROTOCOL", health.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_go_with_spans_and_with_the_probe()
    {
        await using var app = await OtlpApp.StartAsync(settings: _ => new() { ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-tenant=a%20b, x-key=k" });
        await app.AskAsync();
        await app.FlushedSpansAsync(2);
        await app.ProbeAsync();

        Assert.True(app.Receiver.Requests.Count >= 2);
        Assert.All(app.Receiver.Requests, request => Assert.Equal(("a b", "k"), (request.Headers["x-tenant"], request.Headers["x-key"])));
    }

    private static string Everything(OtlpTestSpan span) => string.Create(
        CultureInfo.InvariantCulture,
        $"{span.Name} {span.StatusMessage} {string.Join(' ', span.Attributes.Select(attribute => $"{attribute.Key}={attribute.Value?.ToJsonString()}"))} {string.Join(' ', span.Events.SelectMany(happened => happened.Attributes.Values))}");
}
