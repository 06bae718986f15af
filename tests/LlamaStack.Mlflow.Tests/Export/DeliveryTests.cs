using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using LlamaStack.Instrumentation;
using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.Export;

[Collection(nameof(Tracing))]
public sealed class DeliveryTests
{
    [Fact]
    public async Task A_call_becomes_a_trace_with_all_that_MLflow_shows_of_it()
    {
        await using var app = await TracedApp.StartAsync();

        var answer = await app.AskAsync("How are you?");

        var trace = app.FlushedTrace();
        var span = Assert.Single(trace.Spans);
        Assert.Equal("OK", trace.State);
        Assert.Equal("chat demo/llama", trace.Name);
        Assert.Equal("How are you?", trace.RequestPreview);
        Assert.Equal(answer, trace.ResponsePreview);
        Assert.Equal("CHAT_MODEL", span.Type);
        Assert.Null(span.ParentSpanId);
        Assert.Equal("openai", (string?)span.Attributes["mlflow.message.format"]);
        Assert.Equal("demo/llama", (string?)span.Attributes["mlflow.llm.model"]);
        Assert.Equal("llama_stack", (string?)span.Attributes["mlflow.llm.provider"]);
        Assert.Equal("How are you?", (string?)span.Attributes["mlflow.spanInputs"]!["messages"]![0]!["content"]);
        Assert.Equal(answer, (string?)span.Attributes["mlflow.spanOutputs"]!["choices"]![0]!["message"]!["content"]);
        Assert.True(trace.TokenUsage["input_tokens"] > 0);
        Assert.Equal(trace.TokenUsage["input_tokens"] + trace.TokenUsage["output_tokens"], trace.TokenUsage["total_tokens"]);
        Assert.Equal(0, trace.Cost["total_cost"]);
        Assert.Empty(app.TraceInfos);
        Assert.Equal(1, app.Counts.Exported);
        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task Many_traces_leave_in_one_request()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExportInterval = TimeSpan.FromMinutes(1));
        await Task.WhenAll(Enumerable.Range(0, 30).Select(number => app.AskAsync($"Question {number}?")));

        app.Flush();

        var export = Assert.Single(app.Exports);
        Assert.Equal("POST", export.Method);
        Assert.Equal("application/x-protobuf", export.Headers["Content-Type"]);
        Assert.Equal("gzip", export.Headers["Content-Encoding"]);
        Assert.Equal("0", export.Headers["x-mlflow-experiment-id"]);
        Assert.Equal(export.Body.Length.ToString(CultureInfo.InvariantCulture), export.Headers["Content-Length"]);
        Assert.False(export.Headers.ContainsKey("traceparent"));
        Assert.Equal(30, app.Mlflow.Traces.Count);
        Assert.Equal(Enumerable.Range(0, 30).Select(number => $"Question {number}?").Order(), app.Mlflow.Traces.Select(trace => trace.RequestPreview!).Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_trace_has_its_own_content_whatever_its_size_and_whatever_becomes_of_those_beside_it(bool compress)
    {
        // None leaves alone: then it would itself be what is too large.
        await using var app = await TracedApp.StartAsync(options =>
            (options.Compress, options.MaxBatchTraces, options.MaxConcurrentRequests, options.ExportInterval) = (compress, 20, 3, TimeSpan.FromMinutes(1)));
        app.Mlflow.FailNext(413, "", count: 3, path: "/v1/traces");
        var questions = Enumerable.Range(0, 200).Select(number => $"{number} {new string((char)('a' + (number % 26)), number % 9 == 0 ? 40_000 : number * 37 % 3000)}").ToList();

        for (var round = 0; round < 4; round++)
        {
            await Task.WhenAll(questions.Skip(round * 50).Take(50).Select(app.AskAsync));
            app.Flush();
        }

        Assert.Equal(questions.Order(), app.Mlflow.Traces.Select(trace => (string)Assert.Single(trace.Spans).Attributes["mlflow.spanInputs"]!["messages"]![0]!["content"]!).Order());
        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task No_request_has_a_header_without_a_value()
    {
        await using var app = await TracedApp.StartAsync(options => (options.Workspace, options.Token, options.Username) = ("", "", ""));
        await app.AskAsync();

        app.Flush();

        Assert.NotEmpty(app.Mlflow.Requests);
        Assert.All(app.Mlflow.Requests.SelectMany(request => request.Headers), header => Assert.NotEqual("", header.Value));
    }

    [Fact]
    public async Task Without_compression_the_body_goes_as_it_is()
    {
        await using var app = await TracedApp.StartAsync(options => options.Compress = false);
        await app.AskAsync("A question to be found in the bytes.");

        app.Flush();

        var export = Assert.Single(app.Exports);
        Assert.False(export.Headers.ContainsKey("Content-Encoding"));
        Assert.Contains("A question to be found in the bytes.", export.BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_traces_than_a_batch_holds_go_in_several()
    {
        await using var app = await TracedApp.StartAsync(options => (options.ExportInterval, options.MaxBatchTraces) = (TimeSpan.FromMinutes(1), 4));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => app.AskAsync()));

        app.Flush();

        Assert.Equal(8, app.Mlflow.Traces.Count);
        Assert.InRange(app.Exports.Count, 2, 5);
    }

    [Fact]
    public async Task A_trace_that_waits_alone_goes_when_the_interval_is_over()
    {
        await using var app = await TracedApp.StartAsync();

        await app.AskAsync();

        await app.Mlflow.WaitForTracesAsync(1, Limit.Token);
    }

    [Fact]
    public async Task Big_traces_do_not_wait_for_the_interval_once_a_request_is_full()
    {
        // One request takes about a mebibyte of content. What more is there must not wait a minute for it.
        await using var app = await TracedApp.StartAsync(options => options.ExportInterval = TimeSpan.FromMinutes(1));
        var question = new string('x', 300 * 1024);

        for (var number = 0; number < 9; number++)
        {
            await app.AskAsync(question);
        }

        await app.Mlflow.WaitForTracesAsync(6, Limit.Token);
    }

    [Fact]
    public async Task The_resource_says_which_service_it_is_and_nothing_that_changes_with_each_start()
    {
        await using var app = await TracedApp.StartAsync(services: services => services.AddOpenTelemetry().ConfigureResource(resource => resource.AddAttributes(
        [
            new("service.name", "shop"), new("service.version", "1.2"), new("deployment.environment.name", "test"), new("service.instance.id", "4711"), new("host.name", "h"),
        ])));
        await app.AskAsync();

        var tags = app.FlushedTrace().Tags;

        Assert.Equal("shop", tags["service.name"]);
        Assert.Equal("1.2", tags["service.version"]);
        Assert.Equal("test", tags["deployment.environment.name"]);
        Assert.DoesNotContain(tags.Keys, key => key is "service.instance.id" or "host.name" || key.StartsWith("telemetry.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_service_that_nobody_named_has_no_made_up_name()
    {
        await using var app = await TracedApp.StartAsync();
        await app.AskAsync();

        Assert.DoesNotContain("service.name", app.FlushedTrace().Tags.Keys);
    }

    [Fact]
    public async Task A_server_below_a_prefix_is_reached_there()
    {
        await using var app = await TracedApp.StartAsync(mlflow: options => options.StaticPrefix = "/ml");
        await app.AskAsync();

        app.FlushedTrace();

        Assert.All(app.Mlflow.Requests, request => Assert.StartsWith("/ml/", request.Path, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("3.15.0")]
    [InlineData("3.7.0")]
    public async Task An_older_server_below_a_prefix_takes_spans_at_its_root(string version)
    {
        // Up to 3.15 the prefix is not for this route; 3.7 has its REST API at the root, too, so that is a proxy's work there.
        await using var app = await TracedApp.StartAsync(mlflow: options => (options.StaticPrefix, options.Version) = ("/ml", version));
        if (version == "3.7.0")
        {
            app.Mlflow.Intercept = context =>
            {
                var path = context.Request.Path.Value!;
                return path.StartsWith("/ml/api", StringComparison.Ordinal) ? AnswerAsync(context) : Task.FromResult(false);
            };
        }

        await app.AskAsync();
        app.Flush();
        await app.AskAsync();
        app.Flush();

        Assert.Equal(2, app.Mlflow.Traces.Count);
        Assert.Equal("", app.Counts.Dropped);

        // The wrong one is asked once.
        Assert.Single(app.Exports, request => request.Path == "/ml/v1/traces");
        Assert.Equal(Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy, (await app.ProbeAsync()).Status);

        static async Task<bool> AnswerAsync(Microsoft.AspNetCore.Http.HttpContext context)
        {
            context.Response.ContentType = "application/json";
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, """{"experiment":{"experiment_id":"0","name":"Default","lifecycle_stage":"active"}}""", context.RequestAborted);
            return true;
        }
    }

    [Fact]
    public async Task A_server_with_the_route_nowhere_is_asked_at_both_places_and_then_refused()
    {
        await using var app = await TracedApp.StartAsync(mlflow: options => options.StaticPrefix = "/ml");
        app.Mlflow.Intercept = async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("/v1/traces", StringComparison.Ordinal))
            {
                return false;
            }

            context.Response.StatusCode = 404;
            context.Response.ContentType = "text/html; charset=utf-8";
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, "<title>404 Not Found</title>", context.RequestAborted);
            return true;
        };
        await app.AskAsync();

        app.Flush();

        Assert.Equal(["/ml/v1/traces", "/v1/traces"], app.Exports.Select(request => request.Path));
        Assert.Equal("refused: 1", app.Counts.Dropped);
    }

    [Fact]
    public async Task Traces_go_to_their_own_address_where_a_proxy_splits_the_paths()
    {
        await using var other = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var app = await TracedApp.StartAsync(options => options.TracesEndpoint = new Uri(other.Endpoint, "/v1/traces"));
        await app.AskAsync();

        app.Flush();

        Assert.Empty(app.Exports);
        Assert.Single(other.Traces);
    }

    [Fact]
    public async Task Credentials_and_workspace_are_sent_with_every_request()
    {
        await using var app = await TracedApp.StartAsync(
            options => (options.Username, options.Password) = ("ann", "pass word"),
            server => (server.Username, server.Password) = ("ann", "pass word"));
        await app.AskAsync();

        app.FlushedTrace();

        var basic = "Basic " + Convert.ToBase64String("ann:pass word"u8);
        Assert.All(app.Mlflow.Requests, request => Assert.Equal(basic, request.Headers["Authorization"]));
    }

    [Theory]
    [InlineData(null, null, "tok", "Bearer tok")]
    [InlineData("ann", "pw", "tok", "Basic YW5uOnB3")]
    [InlineData("ann", null, null, "Basic YW5uOg==")]
    public async Task User_and_password_go_before_a_token(string? user, string? password, string? token, string header)
    {
        await using var app = await TracedApp.StartAsync(options => (options.Username, options.Password, options.Token) = (user, password, token));
        await app.AskAsync();

        app.Flush();

        Assert.All(app.Mlflow.Requests, request => Assert.Equal(header, request.Headers["Authorization"]));
    }

    [Fact]
    public async Task A_workspace_is_named_in_a_header()
    {
        await using var app = await TracedApp.StartAsync(options => options.Workspace = "team-a", server => server.Version = "3.8.0");
        await app.AskAsync();

        app.Flush();

        Assert.All(app.Mlflow.Requests, request => Assert.Equal("team-a", request.Headers["X-MLFLOW-WORKSPACE"]));
    }

    [Fact]
    public async Task Every_kind_of_attribute_arrives_as_what_it_is()
    {
        await using var app = await TracedApp.StartAsync();
        using (var span = LlamaStackTrace.StartSpan("work"))
        {
            span.SetAttribute("text", "Größe 😀").SetAttribute("flag", true).SetAttribute("int", 7).SetAttribute("long", long.MinValue).SetAttribute("byte", (byte)3)
                .SetAttribute("double", 0.25).SetAttribute("float", 0.5f).SetAttribute("decimal", 1.5m).SetAttribute("big", ulong.MaxValue)
                .SetAttribute("texts", new[] { "a", "b" }).SetAttribute("numbers", new[] { 1, 2 }).SetAttribute("mixed", new object?[] { 1, "x", null })
                .SetAttribute("date", new DateOnly(2026, 1, 2)).SetAttribute("lone", "\ud83d!").SetAttribute("gone", null);
        }

        var attributes = Assert.Single(app.FlushedTrace().Spans).Attributes;

        var expected = JsonNode.Parse("""
            {"text":"Größe 😀","flag":true,"int":7,"long":-9223372036854775808,"byte":3,"double":0.25,"float":0.5,"decimal":"1.5","big":"18446744073709551615",
             "texts":["a","b"],"numbers":[1,2],"mixed":[1,"x",null],"date":"01/02/2026","lone":"\ufffd!"}
            """)!.AsObject();
        Assert.All(expected, member => Assert.Equal(member.Value!.ToJsonString(), attributes[member.Key]?.ToJsonString()));
        Assert.False(attributes.ContainsKey("gone"));
    }

    [Fact]
    public async Task An_attribute_that_cannot_be_written_costs_neither_its_trace_nor_the_others()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExportInterval = TimeSpan.FromMinutes(1));
        await app.AskAsync();
        using (var span = LlamaStackTrace.StartSpan("bad"))
        {
            var circle = new List<object>();
            circle.Add(circle);
            span.SetAttribute("broken", new Unwritable()).SetAttribute("endless", Endless()).SetAttribute("circle", circle).SetAttribute("breaks", Breaks()).SetAttribute("whole", 1);
        }

        await app.AskAsync();
        app.Flush();

        Assert.Equal(3, app.Mlflow.Traces.Count);
        var attributes = app.Mlflow.Traces.Single(trace => trace.Name == "bad").Spans[0].Attributes;
        Assert.Equal(1, (int?)attributes["whole"]);
        Assert.Equal("(unreadable: InvalidOperationException)", (string?)attributes["broken"]);
        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task A_failed_call_is_a_trace_in_error_with_the_servers_message()
    {
        await using var app = await TracedApp.StartAsync();
        app.Models.Enqueue(ScriptedExchange.Json("/v1/chat/completions", """{"error":{"message":"The model is asleep."}}""", 503));
        await Assert.ThrowsAnyAsync<Exception>(() => app.AskAsync());

        var trace = app.FlushedTrace();

        Assert.Equal("ERROR", trace.State);
        var span = Assert.Single(trace.Spans);
        Assert.Equal("The model is asleep.", span.StatusMessage);
        Assert.Equal("exception", Assert.Single(span.Events).Name);
        Assert.Equal("Hello?", trace.RequestPreview);
    }

    [Fact]
    public async Task Events_and_links_of_a_span_arrive()
    {
        await using var app = await TracedApp.StartAsync();
        using (var span = LlamaStackTrace.StartSpan("work"))
        {
            span.SetError(new InvalidOperationException("no way"));
        }

        var stored = Assert.Single(app.FlushedTrace().Spans);

        var happened = Assert.Single(stored.Events);
        Assert.Equal("no way", (string?)happened.Attributes["exception.message"]);
        Assert.Equal("no way", stored.StatusMessage);
        Assert.InRange(happened.Time, stored.Start, stored.End.AddMilliseconds(1));
    }

    [Fact]
    public async Task Nothing_of_the_caller_flows_into_the_worker()
    {
        // The first caller's activity, and whatever else is in its flow of control, would otherwise stay alive as long as the application.
        await using var app = await TracedApp.StartAsync();
        var seen = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var flow = new AsyncLocal<string?> { Value = "the caller's" };
        app.Mlflow.Intercept = context =>
        {
            seen.TrySetResult(context.Request.Headers["traceparent"]);
            return Task.FromResult(false);
        };

        await app.AskAsync();
        app.Flush();

        Assert.Equal("the caller's", flow.Value);
        Assert.True(string.IsNullOrEmpty(await seen.Task.Soon()));
    }

    [Fact]
    public async Task A_flush_without_anything_to_send_is_over_at_once()
    {
        await using var app = await TracedApp.StartAsync();

        Assert.True(app.Services.GetRequiredService<TracerProvider>().ForceFlush(0));
    }

    [Fact]
    public async Task A_gzip_body_holds_one_resource_and_one_scope_however_many_the_traces()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExportInterval = TimeSpan.FromMinutes(1));
        await app.AskAsync();
        await app.AskAsync();

        app.Flush();

        using var body = new GZipStream(new MemoryStream(Assert.Single(app.Exports).Body.ToArray()), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        await body.CopyToAsync(plain, Limit.Token);
        var text = Encoding.Latin1.GetString(plain.ToArray());
        Assert.Equal(2, text.Split("LlamaStack.Instrumentation").Length);
    }

    private static IEnumerable<int> Endless()
    {
        for (var number = 0; ; number++)
        {
            yield return number;
        }
    }

    private static IEnumerable<int> Breaks()
    {
        yield return 1;
        throw new InvalidOperationException("no more");
    }

    private sealed class Unwritable
    {
        public override string ToString() => throw new InvalidOperationException("not today");
    }
}
