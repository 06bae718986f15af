using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

public sealed class ManualTracingTests
{
    [Fact]
    public async Task An_agent_its_model_calls_and_its_tools_are_one_tree()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("{}")));
        using (LlamaStackTrace.StartAgent("weather"))
        {
            await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello);
            using (var tool = LlamaStackTrace.StartTool("get_weather", "call_1"))
            {
                tool.SetInputs(new JsonObject { ["city"] = "Paris" }).SetOutputs("rain");
            }

            await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello);
        }

        Assert.Same(spans.Root, Activity.Current);
        var agent = spans.Spans[^1];
        Assert.Equal("invoke_agent weather", agent.DisplayName);
        Assert.Equal(["chat m-1", "execute_tool get_weather", "chat m-1"], spans.Spans.SkipLast(1).Select(span => span.DisplayName));
        Assert.All(spans.Spans.SkipLast(1), span => Assert.Equal(agent.SpanId, span.ParentSpanId));
        var content = SpanContent.Of(spans.Spans[1])!;
        Assert.Equal("""{"city":"Paris"}""", Encoding.UTF8.GetString(content.Inputs!.Span));
        Assert.Equal("\"rain\"", Encoding.UTF8.GetString(content.Outputs!.Span));
        Assert.Equal("call_1", spans.Spans[1].GetTagItem("gen_ai.tool.call.id"));
    }

    [Fact]
    public void What_is_said_of_the_trace_is_said_of_the_whole_trace_wherever_it_is_said()
    {
        using var spans = Calls.Collect();
        using (LlamaStackTrace.StartSpan("outer"))
        using (LlamaStackTrace.StartSpan("inner", SpanType.Retriever))
        {
            LlamaStackTrace.SetName("ask");
            LlamaStackTrace.SetSession("s-1");
            LlamaStackTrace.SetUser("ada");
            LlamaStackTrace.SetTag("team", "support");
            LlamaStackTrace.SetMetadata("build", "7");
            LlamaStackTrace.SetClientRequestId("r-1");
            LlamaStackTrace.SetRequestPreview("question");
            LlamaStackTrace.SetResponsePreview("answer");
            Assert.Equal($"tr-{spans.Root.TraceId}", LlamaStackTrace.CurrentTraceId);
        }

        var details = TraceDetails.Of(spans.Root)!;
        Assert.Equal(("ask", "s-1", "ada", "r-1", "question", "answer"), (details.Name, details.Session, details.User, details.ClientRequestId, details.RequestPreview, details.ResponsePreview));
        Assert.Equal([new("team", "support")], details.Tags);
        Assert.Equal([new("build", "7")], details.Metadata);
    }

    [Fact]
    public async Task A_scope_tells_session_and_user_to_all_that_is_traced_inside_it_and_to_nothing_after()
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("{}")));
        Activity.Current = null;
        using (LlamaStackTrace.BeginScope(session: "s-1"))
        using (LlamaStackTrace.BeginScope(user: "ada"))
        {
            Activity.Current = spans.Root;
            await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello);
        }

        var details = TraceDetails.Of(spans.Root)!;
        Assert.Equal(("s-1", "ada"), (details.Session, details.User));
        Assert.Null(LlamaStackTrace.Ambient);
    }

    [Fact]
    public void Scopes_add_up_and_what_a_trace_was_told_directly_stays()
    {
        using var spans = Calls.Collect();
        LlamaStackTrace.SetTag("env", "live");
        using (LlamaStackTrace.BeginScope(session: "s-1", runId: "run-1", tags: new Dictionary<string, string> { ["team"] = "blue", ["env"] = "test", ["region"] = "eu" }))
        {
            Activity.Current = null;
            using (LlamaStackTrace.BeginScope(user: "ada", tags: new Dictionary<string, string> { ["team"] = "red" }, metadata: new Dictionary<string, string> { ["build"] = "7" }))
            using (LlamaStackTrace.BeginContentScope(ContentCapture.None))
            {
                Activity.Current = spans.Root;
                using var span = LlamaStackTrace.StartSpan("work");
            }
        }

        var details = TraceDetails.Of(spans.Root)!;
        Assert.Equal(("s-1", "ada", "run-1"), (details.Session, details.User, details.RunId));
        Assert.Equal([new("env", "live"), new("region", "eu"), new("team", "blue")], details.Tags.OrderBy(tag => tag.Key));
        Assert.Equal([new("build", "7")], details.Metadata);
    }

    [Fact]
    public void Prompts_are_linked_once_each()
    {
        using var spans = Calls.Collect();
        LlamaStackTrace.LinkPrompt("greeting", 1);
        LlamaStackTrace.LinkPrompt("greeting", 2);
        LlamaStackTrace.LinkPrompt("greeting", 1);

        Assert.Equal([("greeting", 1), ("greeting", 2)], TraceDetails.Of(spans.Root)!.Prompts);
        Assert.Throws<ArgumentOutOfRangeException>(() => LlamaStackTrace.LinkPrompt("greeting", 0));
        Assert.Throws<ArgumentException>(() => LlamaStackTrace.LinkPrompt(" ", 1));
    }

    [Fact]
    public void Where_nothing_is_recorded_nothing_happens_and_nothing_throws()
    {
        Activity.Current = null;
        using var span = LlamaStackTrace.StartSpan("nobody listens");
        LlamaStackTrace.SetName("x");
        span.SetInputs("in").SetOutputs("out").SetError(new InvalidOperationException("x")).SetAttribute("a", 1).SetType(SpanType.Agent);

        Assert.Null(span.Activity);
        Assert.Null(span.TraceId);
        Assert.Null(LlamaStackTrace.CurrentTraceId);
        Assert.Null(LlamaStackTrace.CurrentSpan);
    }

    [Fact]
    public void The_current_span_takes_a_type_and_is_not_ended_by_its_handle()
    {
        using var spans = Calls.Collect();
        using (var current = LlamaStackTrace.CurrentSpan!)
        {
            current.SetType(SpanType.Agent);
        }

        Assert.False(spans.Root.IsStopped);
        Assert.Equal(SpanType.Agent, SpanContent.Of(spans.Root)!.Type);
    }

    [Fact]
    public void An_error_is_an_event_a_type_and_a_status()
    {
        using var spans = Calls.Collect();
        using (var span = LlamaStackTrace.StartTool("divide"))
        {
            span.SetError(new DivideByZeroException("by zero"));
        }

        var tool = spans.Only();
        Assert.Equal((ActivityStatusCode.Error, "by zero"), (tool.Status, tool.StatusDescription));
        Assert.Equal("System.DivideByZeroException", tool.GetTagItem("error.type"));
        Assert.Equal("exception", Assert.Single(tool.Events).Name);
    }

    [Fact]
    public void A_span_below_an_activity_that_nobody_traces_is_a_root_of_its_own()
    {
        using var spans = Calls.Collect();
        Activity.Current = null;
        using var logging = new Activity("logging only").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LlamaStackDiagnostics.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent == default && options.Links?.Any(link => link.Context.SpanId == logging.SpanId) == true ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
        };
        ActivitySource.AddActivityListener(listener);

        using (var span = LlamaStackTrace.StartSpan("work"))
        {
            Assert.NotNull(span.Activity);
            Assert.Equal(default, span.Activity.ParentSpanId);
        }

        Assert.Same(logging, Activity.Current);
    }
}
