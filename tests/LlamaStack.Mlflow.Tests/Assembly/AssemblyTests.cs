using System.Diagnostics;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using LlamaStack.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.Assembly;

[Collection(nameof(Tracing))]
public sealed class AssemblyTests : IDisposable
{
    private readonly ActivitySource _shop = new("Shop");

    public void Dispose() => _shop.Dispose();

    [Fact]
    public async Task A_request_is_one_tree_with_all_its_calls()
    {
        await using var app = await StartAsync();
        using (var request = Requests.Start())
        {
            using (LlamaStackTrace.StartAgent("helper"))
            {
                await app.AskAsync("One?");
                using (LlamaStackTrace.StartTool("get_weather"))
                {
                }
            }

            await app.AskAsync("Two?");
        }

        var trace = app.FlushedTrace();

        Assert.Equal("OK", trace.State);
        Assert.Equal("One?", trace.RequestPreview);
        Assert.StartsWith("Hello! You asked: \"Two?\"", trace.ResponsePreview, StringComparison.Ordinal);
        Assert.Equal("""
            request
              helper
                chat demo/llama
                get_weather
              chat demo/llama
            """, Tree.Of(trace));
    }

    /// <summary>By HTTP, or as a server of tools does. What the inner request does ends first, and is not the trace's root for that.</summary>
    [Fact]
    public async Task An_application_that_calls_itself_is_one_tree()
    {
        await using var app = await StartAsync();
        using (Requests.Start())
        {
            await app.AskAsync("One?");
            using (var tool = LlamaStackTrace.StartTool("look_up"))
            {
                using (Requests.Start($"00-{tool.Activity!.TraceId}-{tool.Activity.SpanId}-01"))
                {
                    LlamaStackTrace.SetSession("of the inner request");
                    await app.AskAsync("Two?");
                }

                Activity.Current = tool.Activity;
            }

            LlamaStackTrace.SetSession("of the request");
        }

        var trace = app.FlushedTrace();

        Assert.Equal(("OK", "One?", "of the request"), (trace.State, trace.RequestPreview, trace.Metadata["mlflow.trace.session"]));
        Assert.Equal("""
            request
              chat demo/llama
              look_up
                request
                  chat demo/llama
            """, Tree.Of(trace));
    }

    /// <summary>What a caller asks for at once, in one trace of his, is not below each other, and does not wait for each other.</summary>
    [Fact]
    public async Task Requests_of_one_caller_at_once_do_not_wait_for_each_other()
    {
        await using var app = await StartAsync();
        var caller = $"00-{ActivityTraceId.CreateRandom()}-b7ad6b7169203331-01";
        using var slow = Requests.Start(caller);
        await app.AskAsync("Slow?");
        using (Requests.Start(caller))
        {
            await app.AskAsync("Fast?");
        }

        Assert.Equal("request\n  chat demo/llama", Tree.Of(app.FlushedTrace()));
    }

    [Fact]
    public async Task Of_the_applications_own_spans_those_leave_that_stand_above_a_call()
    {
        await using var app = await StartAsync();
        using (Requests.Start())
        {
            using (_shop.StartActivity("read basket"))
            {
            }

            using (_shop.StartActivity("advise"))
            {
                await app.AskAsync();
                using (_shop.StartActivity("write log"))
                {
                }
            }
        }

        Assert.Equal("""
            request
              advise
                chat demo/llama
            """, Tree.Of(app.FlushedTrace()));
    }

    [Fact]
    public async Task A_request_without_a_call_leaves_nothing()
    {
        await using var app = await StartAsync();
        using (Requests.Start())
        {
            using (_shop.StartActivity("read basket"))
            {
            }
        }

        app.Flush();

        Assert.Empty(app.Mlflow.Requests);
        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task A_sampled_caller_gives_the_trace_its_id_and_no_parent_that_MLflow_would_wait_for()
    {
        await using var app = await StartAsync();
        using (Requests.Start("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        {
            await app.AskAsync();
        }

        var trace = app.FlushedTrace();

        Assert.Equal("tr-0af7651916cd43dd8448eb211c80319c", trace.TraceId);
        Assert.Equal("OK", trace.State);
        Assert.Null(trace.Spans[0].ParentSpanId);
        Assert.Equal(2, trace.Spans.Count);
    }

    [Theory]
    [InlineData("3.18.0")]
    [InlineData("3.12.0")]
    public async Task Where_callers_export_to_the_same_MLflow_the_request_stays_the_callers_child(string version)
    {
        await using var app = await StartAsync(options => options.CallersExportToMlflow = true, mlflow: options => options.Version = version);
        using (Requests.Start("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        {
            await app.AskAsync();
        }

        app.Flush();

        var trace = Assert.Single(app.Mlflow.Traces);
        Assert.Equal("IN_PROGRESS", trace.State);
        Assert.Equal("b7ad6b7169203331", trace.Spans.Single(span => span.Kind is ActivityKind.Server || span.Name == "request").ParentSpanId);
        Assert.Empty(app.TraceInfos);
    }

    [Fact]
    public async Task Where_callers_export_to_the_same_MLflow_a_trace_of_ones_own_still_has_a_root()
    {
        await using var app = await StartAsync(options => options.CallersExportToMlflow = true);
        await app.AskAsync();

        Assert.Equal("OK", app.FlushedTrace().State);
    }

    [Fact]
    public async Task Requests_at_once_never_mix()
    {
        await using var app = await StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 40).Select(number => Task.Run(async () =>
        {
            using var request = Requests.Start();
            using var scope = LlamaStackTrace.BeginScope($"session {number}", $"user {number}");
            await app.AskAsync($"First of {number}?");
            using (LlamaStackTrace.StartSpan($"step {number}"))
            {
                await Task.WhenAll(app.AskAsync($"Second of {number}?"), app.AskAsync($"Third of {number}?"));
            }
        })));
        app.Flush();

        Assert.Equal(40, app.Mlflow.Traces.Count);
        foreach (var trace in app.Mlflow.Traces)
        {
            var number = trace.SessionId!["session ".Length..];
            Assert.Equal($"user {number}", trace.User);
            Assert.Equal("OK", trace.State);
            Assert.Equal(5, trace.Spans.Count);
            Assert.Equal($"First of {number}?", trace.RequestPreview);
            Assert.All(
                trace.Spans.Where(span => span.Type == "CHAT_MODEL"),
                span => Assert.EndsWith($" of {number}?", (string?)span.Attributes["mlflow.spanInputs"]!["messages"]![0]!["content"], StringComparison.Ordinal));
            Assert.Equal($"""
                request
                  chat demo/llama
                  step {number}
                    chat demo/llama
                    chat demo/llama
                """, Tree.Of(trace));
        }
    }

    [Fact]
    public async Task A_trace_of_more_spans_than_are_held_is_whole_all_the_same()
    {
        await using var app = await StartAsync();
        using (LlamaStackTrace.StartSpan("big"))
        {
            for (var number = 0; number < 2500; number++)
            {
                LlamaStackTrace.StartSpan("step").Dispose();
            }
        }

        var trace = app.FlushedTrace();

        Assert.Equal("OK", trace.State);
        Assert.Equal(2501, trace.Spans.Count);
        var root = Assert.Single(trace.Spans, span => span.ParentSpanId is null);
        Assert.Equal("big", root.Name);
        Assert.All(trace.Spans.Where(span => span != root), span => Assert.Equal(root.SpanId, span.ParentSpanId));
        Assert.Equal("big", trace.Name);
    }

    [Theory]
    [InlineData(SamplingDecision.Drop)]
    [InlineData(SamplingDecision.RecordOnly)]
    public async Task A_sampler_that_says_no_is_respected(SamplingDecision decision)
    {
        await using var app = await StartAsync(services: services => services.ConfigureOpenTelemetryTracerProvider((_, tracing) => tracing.SetSampler(new Fixed(decision))));
        using (LlamaStackTrace.StartSpan("work"))
        {
            Assert.NotEmpty(await app.AskAsync());
        }

        app.Flush();

        Assert.Empty(app.Mlflow.Requests);
    }

    [Fact]
    public async Task A_root_that_a_filter_turns_off_takes_nothing_with_it_that_was_recorded()
    {
        await using var app = await StartAsync();
        using (var request = Requests.Start())
        {
            await app.AskAsync();

            // As a filter of OpenTelemetry.Instrumentation.AspNetCore does, only later.
            request.IsAllDataRequested = false;
            request.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }

        await app.StopAsync();

        var trace = Assert.Single(app.Mlflow.Traces);
        Assert.Equal("OK", trace.State);
        Assert.Equal("chat demo/llama", Tree.Of(trace));
    }

    [Fact]
    public async Task A_call_below_a_parent_that_is_known_by_its_id_alone_hangs_where_it_belongs()
    {
        await using var app = await StartAsync();
        using (var request = Requests.Start())
        {
            // A queue inside the process: the worker continues the trace by its context.
            using var work = _shop.StartActivity("work", ActivityKind.Consumer, request.Context);
            Assert.Null(work!.Parent);
            await app.AskAsync();
        }

        app.Flush();

        var trace = Assert.Single(app.Mlflow.Traces);
        Assert.Equal("OK", trace.State);
        Assert.Single(trace.Spans, span => span.ParentSpanId is null);
    }

    [Fact]
    public async Task Two_applications_in_one_process_each_have_the_whole_trace()
    {
        await using var one = await StartAsync();
        await using var two = await StartAsync();
        using (Requests.Start())
        {
            await one.AskAsync("One?");
            await two.AskAsync("Two?");
        }

        one.Flush();
        two.Flush();

        Assert.All([one, two], app =>
        {
            var trace = Assert.Single(app.Mlflow.Traces);
            Assert.Equal("One?", trace.RequestPreview);
            Assert.StartsWith("Hello! You asked: \"Two?\"", trace.ResponsePreview, StringComparison.Ordinal);
            Assert.Equal(["One?", "Two?"], trace.Spans.Skip(1).Select(span => (string?)span.Attributes["mlflow.spanInputs"]!["messages"]![0]!["content"]));
        });
    }

    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 2)]
    public async Task A_request_span_that_is_not_listened_to_leaves_each_call_its_own_trace(bool listened, int traces)
    {
        await using var app = await StartAsync(options => options.IncludeRequestSpans = listened);

        // What ASP.NET Core starts for its logging when nobody listens: an activity without a source.
        using (var request = listened ? Requests.Start() : new Activity("Microsoft.AspNetCore.Hosting.HttpRequestIn").Start())
        {
            await app.AskAsync();
            await app.AskAsync();
            Assert.Same(request, Activity.Current);
        }

        await app.AskAsync();
        app.Flush();

        Assert.Equal(traces, app.Mlflow.Traces.Count);
        Assert.All(app.Mlflow.Traces, trace => Assert.Equal("OK", trace.State));
    }

    [Theory]
    [InlineData(false, "POST", "ERROR")]
    [InlineData(true, "POST", "OK")]
    public async Task A_request_whose_last_call_failed_is_in_error_unless_it_was_tried_again(bool again, string name, string state)
    {
        await using var app = await StartAsync();
        app.Models.Enqueue(ScriptedExchange.Json("/v1/chat/completions", """{"error":{"message":"The model is asleep."}}""", 503));
        using (var request = Requests.Start())
        {
            request.DisplayName = $"{name} /chat";
            await Assert.ThrowsAsync<LlamaStackException>(() => app.AskAsync());
            if (again)
            {
                await app.AskAsync();
            }
        }

        var trace = app.FlushedTrace();

        Assert.Equal(state, trace.State);
        Assert.Equal(again ? "" : "The model is asleep.", trace.Spans[0].StatusMessage);
        Assert.Equal(ActivityStatusCode.Error, trace.Spans[1].Status);
    }

    [Fact]
    public async Task A_request_that_says_itself_how_it_went_is_believed()
    {
        await using var app = await StartAsync();
        app.Models.Enqueue(ScriptedExchange.Json("/v1/chat/completions", """{"error":{"message":"The model is asleep."}}""", 503));
        using (var request = Requests.Start())
        {
            await Assert.ThrowsAsync<LlamaStackException>(() => app.AskAsync());
            request.SetStatus(ActivityStatusCode.Ok);
        }

        Assert.Equal("OK", app.FlushedTrace().State);
    }

    [Theory]
    [InlineData("Microsoft.AspNetCore.Hosting.HttpRequestIn", "chat demo/llama")]
    [InlineData("POST /chat/{id}", "POST /chat/{id}")]
    [InlineData("POST", "chat demo/llama")]
    public async Task A_trace_goes_by_its_route_or_else_by_its_first_call(string request, string name)
    {
        await using var app = await StartAsync();
        using (var activity = Requests.Start())
        {
            activity.DisplayName = request;
            await app.AskAsync();
        }

        Assert.Equal(name, app.FlushedTrace().Name);
    }

    [Fact]
    public async Task Http_spans_below_a_call_leave_where_they_are_asked_for()
    {
        await using var app = await StartAsync(options => options.IncludeHttpSpans = true);
        await app.AskAsync();

        Assert.Equal("""
            chat demo/llama
              POST
            """, Tree.Of(app.FlushedTrace()));
    }

    [Fact]
    public async Task Links_leave_with_what_they_say()
    {
        await using var app = await StartAsync();
        var other = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        using (_shop.StartActivity(ActivityKind.Internal, name: "batch", links: [new ActivityLink(other, new ActivityTagsCollection { ["why"] = "same basket" })]))
        {
            await app.AskAsync();
        }

        var link = Assert.Single(app.FlushedTrace().Spans[0].Links);

        Assert.Equal((other.TraceId.ToHexString(), other.SpanId.ToHexString(), "same basket"), (link.TraceId, link.SpanId, (string?)link.Attributes["why"]));
    }

    private Task<TracedApp> StartAsync(
        Action<MlflowTracingOptions>? tracing = null, Action<MlflowTestServerOptions>? mlflow = null, Action<IServiceCollection>? services = null) => TracedApp.StartAsync(
        tracing,
        mlflow,
        collection =>
        {
            collection.ConfigureOpenTelemetryTracerProvider((_, provider) => provider.AddSource(_shop.Name));
            services?.Invoke(collection);
        });

    private sealed class Fixed(SamplingDecision decision) : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) => new(decision);
    }
}
