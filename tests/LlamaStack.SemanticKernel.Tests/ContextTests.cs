using System.Diagnostics;
using LlamaStack.Instrumentation;
using LlamaStack.TestSupport;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>Spans and the caller's own activity.</summary>
public sealed class ContextTests
{
    private const string Calls = """{"id":"c-0","model":"m-1","choices":[{"index":0,"finish_reason":"tool_calls","delta":{"content":"Let me see. ","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather_get_weather","arguments":"{\"city\":\"Rome\"}"}}]}}]}""";
    private const string Answer = """{"id":"c-1","model":"m-1","choices":[{"index":0,"delta":{"content":"Sun."},"finish_reason":"stop"}]}""";

    [Fact]
    public async Task The_callers_activity_stays_current_while_it_reads()
    {
        using var spans = Collect();
        var kernel = new StubServer().Events(Calls).Events(Answer).Kernel();
        await foreach (var _ in kernel.InvokePromptStreamingAsync("Weather?", new(Auto), cancellationToken: Ct))
        {
            Assert.Same(spans.Root, Activity.Current);
        }

        Assert.Same(spans.Root, Activity.Current);
        Assert.Equal("test\n  prompt\n    chat m-1\n    execute_tool get_weather\n    chat m-1", Tree.Of(spans.Root, spans.Spans));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_caller_starts_between_two_items_is_nobodys_parent(bool asPrompt)
    {
        using var spans = Collect();
        var kernel = new StubServer().Events(Calls).Events(Answer).Kernel();
        var stream = asPrompt
            ? kernel.InvokePromptStreamingAsync<StreamingChatMessageContent>("Weather?", new(Auto), cancellationToken: Ct)
            : kernel.GetRequiredService<IChatCompletionService>().GetStreamingChatMessageContentsAsync("Weather?", Auto, kernel, Ct);
        TraceSpan? reading = null;
        await foreach (var _ in stream)
        {
            reading ??= LlamaStackTrace.StartSpan("reading");
            Assert.Same(reading.Activity, Activity.Current);
        }

        reading!.Dispose();
        Assert.Equal(
            asPrompt ? "test\n  prompt\n    chat m-1\n    execute_tool get_weather\n    chat m-1\n  reading" : "test\n  chat m-1\n  reading\n  execute_tool get_weather\n  chat m-1",
            Tree.Of(spans.Root, spans.Spans));
    }

    [Fact]
    public async Task A_reader_who_leaves_ends_the_spans()
    {
        using var spans = Collect();
        var kernel = new StubServer().Events(Calls).Kernel();
        await foreach (var _ in kernel.InvokePromptStreamingAsync("Weather?", new(Auto), cancellationToken: Ct))
        {
            break;
        }

        Assert.Equal("test\n  prompt\n    chat m-1", Tree.Of(spans.Root, spans.Spans));
        Assert.All(spans.Spans, span => Assert.True(span.IsStopped));
        Assert.Same(spans.Root, Activity.Current);
    }

    [Fact]
    public async Task Plain_calls_leave_the_callers_activity_alone()
    {
        using var spans = Collect();
        var kernel = new StubServer().Calls(("call_1", "weather_get_weather", """{"city":"Rome"}""")).Says("Sun.").Kernel();
        await kernel.InvokePromptAsync("Weather?", new(Auto), cancellationToken: Ct);
        await Assert.ThrowsAsync<InvalidOperationException>(() => kernel.InvokeAsync(WeatherPlugin.Name, "get_storm", new() { ["city"] = "Rome" }, Ct));

        Assert.Same(spans.Root, Activity.Current);
        Assert.Equal("test\n  prompt\n    chat m-1\n    execute_tool get_weather\n    chat m-1\n  execute_tool get_storm ERROR", Tree.Of(spans.Root, spans.Spans));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_kernels_own_spans_are_joined_and_not_doubled(bool streamed)
    {
        using var spans = new SpanCollector(LlamaStackDiagnostics.SourceName, "Microsoft.SemanticKernel");
        if (streamed)
        {
            await new StubServer().Events(Calls).Events(Answer).Kernel().InvokePromptStreamingAsync("Weather?", new(Auto), cancellationToken: Ct).TextAsync();
        }
        else
        {
            await new StubServer().Calls(("call_1", "weather_get_weather", """{"city":"Rome"}""")).Says("Sun.").Kernel().InvokePromptAsync("Weather?", new(Auto), cancellationToken: Ct);
        }

        Assert.Equal("test\n  prompt\n    chat m-1\n    execute_tool get_weather\n    chat m-1", Tree.Of(spans.Root, spans.Spans));
        Assert.Equal("Microsoft.SemanticKernel", spans.Spans.Single(span => span.DisplayName == "prompt").Source.Name);
        Assert.Null(spans.Spans.Single(span => span.DisplayName == "prompt").GetTagItem("gen_ai.tool.name"));
        Assert.Same(spans.Root, Activity.Current);
    }

    [Fact]
    public async Task The_span_that_an_application_makes_for_a_function_itself_is_joined()
    {
        using var spans = Collect();
        using (LlamaStackTrace.StartTool("get_weather"))
        {
            await new StubServer().Kernel().InvokeAsync(WeatherPlugin.Name, "get_weather", new() { ["city"] = "Rome" }, Ct);
        }

        Assert.Equal("test\n  execute_tool get_weather", Tree.Of(spans.Root, spans.Spans));
    }

    [Fact]
    public async Task A_function_that_calls_itself_is_a_span_each_time()
    {
        using var spans = Collect();
        KernelFunction? countdown = null;
        countdown = KernelFunctionFactory.CreateFromMethod(
            async (Kernel kernel, int from) => from == 0 ? 0 : (await kernel.InvokeAsync(countdown!, new() { ["from"] = from - 1 }, Ct)).GetValue<int>(), "countdown");
        await new StubServer().Kernel().InvokeAsync(countdown, new() { ["from"] = 1 }, Ct);
        Assert.Equal("test\n  execute_tool countdown\n    execute_tool countdown", Tree.Of(spans.Root, spans.Spans));
    }

    [Fact]
    public async Task Where_nobody_listens_everything_works()
    {
        Activity.Current = null;
        var kernel = new StubServer().Events(Calls).Events(Answer).Kernel();
        Assert.Equal("Let me see. Sun.", await kernel.InvokePromptStreamingAsync("Weather?", new(Auto), cancellationToken: Ct).TextAsync());
        Assert.Null(Activity.Current);
    }

    private static PromptExecutionSettings Auto => new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };

    private static SpanCollector Collect() => new(LlamaStackDiagnostics.SourceName, Client.LlamaStackClientDiagnostics.SourceName);
}
