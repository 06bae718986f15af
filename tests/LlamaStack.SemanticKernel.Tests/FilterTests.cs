using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>The application's own filters do what they are for, and the spans of functions say what they did.</summary>
[Collection(nameof(WholePath))]
public sealed class FilterTests
{
    private const string Filtered = "semantic_kernel.function.filtered";
    private const string Question = "Tell me of the weather in Rome";

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task A_function_that_a_filter_answers_for_says_so(bool isRegisteredFirst, bool streamed)
    {
        var filter = new Auto((context, _) =>
        {
            context.Result = new FunctionResult(context.Function, "That is not your business.");
            return Task.CompletedTask;
        });
        await using var path = await StartAsync(filter, isRegisteredFirst);
        await AskAsync(path, streamed);

        var trace = await path.TraceAsync();
        Assert.Equal("prompt CHAIN\n  chat demo/llama CHAT_MODEL\n  get_weather TOOL\n  chat demo/llama CHAT_MODEL", Tree.Of(trace));
        var tool = trace.Spans.Single(span => span.Type == "TOOL");
        Assert.Equal(true, (bool?)tool.Attributes[Filtered]);
        Assert.Equal("That is not your business.", (string?)tool.Attributes["mlflow.spanOutputs"]);
        Assert.Equal("Rome", (string?)tool.Attributes["mlflow.spanInputs"]!["city"]);
        Assert.StartsWith("call_", (string?)tool.Attributes["gen_ai.tool.call.id"], StringComparison.Ordinal);
        Assert.Contains("not your business", path.LlamaStack.Requests[^1].BodyText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_filter_that_ends_the_turn_ends_it(bool streamed)
    {
        await using var path = await StartAsync(new Auto(async (context, next) =>
        {
            await next(context);
            context.Terminate = true;
        }));
        var answer = await AskAsync(path, streamed);

        var trace = await path.TraceAsync();
        Assert.Equal("prompt CHAIN\n  chat demo/llama CHAT_MODEL\n  get_weather TOOL", Tree.Of(trace));
        Assert.DoesNotContain(Filtered, trace.Spans.Single(span => span.Type == "TOOL").Attributes.Keys);
        Assert.Equal("Rome: 17 C", answer);
    }

    [Fact]
    public async Task A_filter_that_throws_fails_the_tool_and_the_model_goes_on()
    {
        await using var path = await StartAsync(new Auto((_, _) => throw new UnauthorizedAccessException("Rome is closed.")));
        await AskAsync(path, streamed: false);

        var trace = await path.TraceAsync();
        Assert.Equal("prompt CHAIN\n  chat demo/llama CHAT_MODEL\n  get_weather TOOL ERROR\n  chat demo/llama CHAT_MODEL", Tree.Of(trace));
        Assert.Equal("Rome is closed.", trace.Spans.Single(span => span.Type == "TOOL").StatusMessage);
        Assert.Equal("OK", trace.State);
    }

    [Fact]
    public async Task What_a_filter_makes_of_arguments_result_and_prompt_is_what_is_recorded()
    {
        var filter = new Rewriting();
        await using var path = await WholePath.StartAsync(configure: builder =>
        {
            builder.Services.AddSingleton<IFunctionInvocationFilter>(filter);
            builder.Services.AddSingleton<IPromptRenderFilter>(filter);
        });
        var answer = await path.Kernel.InvokePromptAsync("Hello {{weather.get_weather 'Rome'}}", cancellationToken: Ct);

        var trace = await path.TraceAsync();
        Assert.Equal("prompt CHAIN\n  get_weather TOOL\n  chat demo/llama CHAT_MODEL", Tree.Of(trace));
        Assert.Equal("RAIN", (string?)trace.Spans.Single(span => span.Type == "TOOL").Attributes["mlflow.spanOutputs"]);
        Assert.Equal("Hello RAIN!", trace.RequestPreview);
        Assert.Equal("Hello RAIN!", (string?)path.LlamaStack.Requests[^1].ReadJson()!["messages"]![0]!["content"]);
        Assert.Equal(answer.ToString(), trace.ResponsePreview);
    }

    public static TheoryData<string, Func<FunctionInvocationContext, FunctionResult>> Answers => new()
    {
        { "of its own", context => new FunctionResult(context.Function, "That is not your business.") },
        { "by the one that is there", context => new FunctionResult(context.Result, "That is not your business.") },
        { "none", context => context.Result },
    };

    [Theory]
    [MemberData(nameof(Answers), DisableDiscoveryEnumeration = true)]
    public async Task A_function_that_a_filter_keeps_from_running_says_so(string name, Func<FunctionInvocationContext, FunctionResult> answer)
    {
        var filter = new Invocation((context, next) =>
        {
            context.Result = answer(context);
            return context.Function.Name == "get_weather" ? Task.CompletedTask : next(context);
        });
        foreach (var (isRegistered, isAsked) in (IEnumerable<(bool, bool)>)[(true, true), (true, false), (false, true), (false, false)])
        {
            await using var path = await WholePath.StartAsync(configure: isRegistered ? builder => builder.Services.AddSingleton<IFunctionInvocationFilter>(filter) : null);
            if (!isRegistered)
            {
                path.Kernel.FunctionInvocationFilters.Add(filter);
            }

            Task call = isAsked ? AskAsync(path, streamed: false) : path.Kernel.InvokePromptAsync("Weather: {{weather.get_weather 'Rome'}} {{weather.get_wind 'Rome'}}", cancellationToken: Ct);
            await call;

            var trace = await path.TraceAsync();
            Assert.True(trace.Spans.Where(span => span.Attributes.ContainsKey(Filtered)).Select(span => span.Name).SequenceEqual(["get_weather"]), $"{name}, {isRegistered}, {isAsked}: {Tree.Of(trace)}");
        }
    }

    [Fact]
    public async Task A_stream_that_a_filter_answers_for_says_so_and_one_that_it_lets_through_does_not()
    {
        var words = KernelFunctionFactory.CreateFromMethod(() => Words("one", "two"), "words");
        var isClosed = true;
        await using var path = await WholePath.StartAsync();
        path.Kernel.FunctionInvocationFilters.Add(new Invocation((context, next) =>
        {
            if (!isClosed)
            {
                return next(context);
            }

            context.Result = new FunctionResult(context.Result, Words("no"));
            return Task.CompletedTask;
        }));
        Assert.Equal("no", await path.Kernel.InvokeStreamingAsync<string>(words, cancellationToken: Ct).TextAsync());
        isClosed = false;
        Assert.Equal("onetwo", await path.Kernel.InvokeStreamingAsync<string>(words, cancellationToken: Ct).TextAsync());

        var traces = await path.Mlflow.WaitForTracesAsync(2, Ct).Soon();
        Assert.Equal([("no", true), ("onetwo", false)], traces.OrderBy(trace => trace.Spans[0].Start).Select(trace => ((string?)trace.Spans[0].Attributes["mlflow.spanOutputs"], trace.Spans[0].Attributes.ContainsKey(Filtered))));
    }

    [Fact]
    public async Task A_filter_that_throws_kept_the_function_from_running()
    {
        await using var path = await WholePath.StartAsync();
        path.Kernel.FunctionInvocationFilters.Add(new Invocation((_, _) => throw new UnauthorizedAccessException("Rome is closed.")));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => path.Kernel.InvokeAsync("weather", "get_weather", new() { ["city"] = "Rome" }, Ct));

        var tool = Assert.Single(Assert.Single(await path.Mlflow.WaitForTracesAsync(1, Ct).Soon()).Spans);
        Assert.Equal(("Rome is closed.", true), (tool.StatusMessage, (bool?)tool.Attributes[Filtered]));
    }

    /// <summary>Many calls of one kernel at once, as that of an application without scopes has.</summary>
    [Fact]
    public async Task Calls_at_once_are_each_told_rightly()
    {
        await using var path = await WholePath.StartAsync();
        path.Kernel.FunctionInvocationFilters.Add(new Invocation((context, next) => (int)context.Arguments["i"]! % 2 == 0 ? Task.CompletedTask : next(context)));
        var even = KernelFunctionFactory.CreateFromMethod(static (int i) => i, "even");
        await Parallel.ForAsync(0, 40, Ct, async (i, cancellationToken) => await path.Kernel.InvokeAsync(even, new() { ["i"] = i }, cancellationToken));

        var traces = await path.Mlflow.WaitForTracesAsync(40, Ct).Soon();
        Assert.All(traces, trace => Assert.Equal((int)trace.Spans[0].Attributes["mlflow.spanInputs"]!["i"]! % 2 == 0, trace.Spans[0].Attributes.ContainsKey(Filtered)));
    }

    [Fact]
    public async Task A_kernel_without_filters_of_its_own_gets_none_of_ours_but_one()
    {
        await using var path = await WholePath.StartAsync();
        await path.Kernel.InvokeAsync("weather", "get_weather", new() { ["city"] = "Rome" }, Ct);
        Assert.Single(path.Kernel.FunctionInvocationFilters);
        Assert.DoesNotContain(Filtered, Assert.Single(Assert.Single(await path.Mlflow.WaitForTracesAsync(1, Ct).Soon()).Spans).Attributes.Keys);
    }

    private static async IAsyncEnumerable<string> Words(params string[] words)
    {
        await Task.Yield();
        foreach (var word in words)
        {
            yield return word;
        }
    }

    private static Task<WholePath> StartAsync(IAutoFunctionInvocationFilter filter, bool isRegisteredFirst = false) => WholePath.StartAsync(
        configure: isRegisteredFirst ? null : builder => builder.Services.AddSingleton(filter),
        before: isRegisteredFirst ? builder => builder.Services.AddSingleton(filter) : null);

    private static async Task<string> AskAsync(WholePath path, bool streamed)
    {
        var arguments = new KernelArguments(new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() });
        return streamed
            ? await path.Kernel.InvokePromptStreamingAsync(Question, arguments, cancellationToken: Ct).TextAsync()
            : (await path.Kernel.InvokePromptAsync(Question, arguments, cancellationToken: Ct)).ToString();
    }

    private sealed class Auto(Func<AutoFunctionInvocationContext, Func<AutoFunctionInvocationContext, Task>, Task> filter) : IAutoFunctionInvocationFilter
    {
        public Task OnAutoFunctionInvocationAsync(AutoFunctionInvocationContext context, Func<AutoFunctionInvocationContext, Task> next) => filter(context, next);
    }

    private sealed class Invocation(Func<FunctionInvocationContext, Func<FunctionInvocationContext, Task>, Task> filter) : IFunctionInvocationFilter
    {
        public Task OnFunctionInvocationAsync(FunctionInvocationContext context, Func<FunctionInvocationContext, Task> next) => filter(context, next);
    }

    private sealed class Rewriting : IFunctionInvocationFilter, IPromptRenderFilter
    {
        public async Task OnFunctionInvocationAsync(FunctionInvocationContext context, Func<FunctionInvocationContext, Task> next)
        {
            await next(context);
            if (context.Function.Name == "get_weather")
            {
                context.Result = new FunctionResult(context.Result, "RAIN");
            }
        }

        public async Task OnPromptRenderAsync(PromptRenderContext context, Func<PromptRenderContext, Task> next)
        {
            await next(context);
            context.RenderedPrompt += "!";
        }
    }
}
