using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>The application's own filters do what they are for, and the spans of functions say what they did.</summary>
[Collection(nameof(WholePath))]
public sealed class FilterTests
{
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
        Assert.Equal(true, (bool?)tool.Attributes["semantic_kernel.function.filtered"]);
        Assert.Equal("That is not your business.", (string?)tool.Attributes["mlflow.spanOutputs"]);
        Assert.Equal("Rome", (string?)tool.Attributes["mlflow.spanInputs"]!["city"]);
        Assert.StartsWith("call_", (string?)tool.Attributes["gen_ai.tool.call.id"], StringComparison.Ordinal);
        Assert.Contains("not your business", path.LlamaStack.Requests[^1].BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_filter_that_ends_the_turn_ends_it()
    {
        await using var path = await StartAsync(new Auto(async (context, next) =>
        {
            await next(context);
            context.Terminate = true;
        }));
        var answer = await AskAsync(path, streamed: false);

        var trace = await path.TraceAsync();
        Assert.Equal("prompt CHAIN\n  chat demo/llama CHAT_MODEL\n  get_weather TOOL", Tree.Of(trace));
        Assert.DoesNotContain("semantic_kernel.function.filtered", trace.Spans.Single(span => span.Type == "TOOL").Attributes.Keys);
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
