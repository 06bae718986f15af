using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>What MLflow has of each way to ask: one trace, one root, each exchange and each function once.</summary>
[Collection(nameof(WholePath))]
public sealed class TraceTreeTests
{
    private const string Question = "Tell me of the weather and the wind in Paris and Oslo, both.";

    private const string BothTools = """
          chat demo/llama CHAT_MODEL
          get_weather TOOL
          get_wind TOOL
          chat demo/llama CHAT_MODEL
        """;

    [Fact]
    public async Task A_prompt()
    {
        await using var path = await WholePath.StartAsync();
        var answer = await path.Kernel.InvokePromptAsync("What does a telescope do?", cancellationToken: Ct);
        await ExpectAsync(path, "prompt CHAIN\n  chat demo/llama CHAT_MODEL", "What does a telescope do?", answer.ToString());
    }

    [Fact]
    public async Task A_streamed_prompt()
    {
        await using var path = await WholePath.StartAsync();
        var answer = await path.Kernel.InvokePromptStreamingAsync("What does a telescope do?", cancellationToken: Ct).TextAsync();
        await ExpectAsync(path, "prompt CHAIN\n  chat demo/llama CHAT_MODEL", "What does a telescope do?", answer);
    }

    [Fact]
    public async Task A_prompt_with_functions()
    {
        await using var path = await WholePath.StartAsync();
        var answer = await path.Kernel.InvokePromptAsync(Question, new(Auto), cancellationToken: Ct);
        var trace = await ExpectAsync(path, $"prompt CHAIN\n{BothTools}", Question, answer.ToString());
        Assert.Equal(trace.TokenUsage["input_tokens"], Assert.IsType<UsageDetails>(answer.Metadata!["Usage"]).InputTokenCount);
    }

    [Fact]
    public async Task A_streamed_prompt_with_functions()
    {
        await using var path = await WholePath.StartAsync();
        var answer = await path.Kernel.InvokePromptStreamingAsync(Question, new(Auto), cancellationToken: Ct).TextAsync();
        await ExpectAsync(path, $"prompt CHAIN\n{BothTools}", Question, answer);
    }

    [Fact]
    public async Task The_chat_service()
    {
        await using var path = await WholePath.StartAsync();
        var answer = await Chat(path).GetChatMessageContentAsync("What does a telescope do?", kernel: path.Kernel, cancellationToken: Ct);
        await ExpectAsync(path, "chat demo/llama CHAT_MODEL", "What does a telescope do?", answer.Content!);
    }

    [Fact]
    public async Task The_chat_service_streamed()
    {
        await using var path = await WholePath.StartAsync();
        var answer = await Chat(path).GetStreamingChatMessageContentsAsync("What does a telescope do?", kernel: path.Kernel, cancellationToken: Ct).TextAsync();
        await ExpectAsync(path, "chat demo/llama CHAT_MODEL", "What does a telescope do?", answer);
    }

    [Fact]
    public async Task The_chat_service_with_functions()
    {
        await using var path = await WholePath.StartAsync();
        var answer = await Chat(path).GetChatMessageContentAsync(Question, Auto, path.Kernel, Ct);
        await ExpectAsync(path, $"chat turn CHAIN\n{BothTools}", Question, answer.Content!);
    }

    [Fact]
    public async Task The_chat_service_streamed_with_functions()
    {
        await using var path = await WholePath.StartAsync();
        var answer = await Chat(path).GetStreamingChatMessageContentsAsync(Question, Auto, path.Kernel, Ct).TextAsync();
        await ExpectAsync(path, $"chat turn CHAIN\n{BothTools}", Question, answer);
    }

    [Fact]
    public async Task The_chat_client_with_functions()
    {
        await using var path = await WholePath.StartAsync();
        var client = path.Kernel.GetRequiredService<IChatClient>();
        var answer = await client.GetResponseAsync(Question, Auto.ToChatOptions(path.Kernel), Ct);
        await ExpectAsync(path, $"chat turn CHAIN\n{BothTools}", Question, answer.Messages[^1].Text);
    }

    [Fact]
    public async Task A_turn_below_a_span_of_the_application()
    {
        await using var path = await WholePath.StartAsync();
        string answer;
        using (Instrumentation.LlamaStackTrace.StartSpan("job"))
        {
            answer = await Chat(path).GetStreamingChatMessageContentsAsync(Question, Auto, path.Kernel, Ct).TextAsync();
        }

        await ExpectAsync(path, $"job CHAIN\n{BothTools}", Question, answer);
    }

    [Fact]
    public async Task A_turn_of_an_agent_has_no_second_span_of_its_functions()
    {
        await using var path = await WholePath.StartAsync();
        string answer;
        using (Instrumentation.LlamaStackTrace.StartAgent("helper"))
        {
            answer = (await Chat(path).GetChatMessageContentAsync(Question, Auto, path.Kernel, Ct)).Content!;
        }

        await ExpectAsync(path, $"helper AGENT\n  chat turn CHAIN\n{BothTools.ReplaceLineEndings("\n  ").Insert(0, "  ")}", Question, answer);
    }

    [Fact]
    public async Task A_function_of_the_applications_own_that_prompts()
    {
        await using var path = await WholePath.StartAsync();
        var summarize = path.Kernel.CreateFunctionFromPrompt("Sum it up: {{$text}} in {{weather.get_weather 'Bern'}}", functionName: "summarize");
        var ask = KernelFunctionFactory.CreateFromMethod(async (Kernel kernel) => (await kernel.InvokeAsync(summarize, new() { ["text"] = "a long story" }, Ct)).ToString(), "ask");
        await path.Kernel.InvokeAsync(ask, cancellationToken: Ct);

        var trace = await path.TraceAsync();
        Assert.Equal("ask TOOL\n  summarize CHAIN\n    get_weather TOOL\n    chat demo/llama CHAT_MODEL", Tree.Of(trace));
        var prompt = trace.Spans.Single(span => span.Name == "summarize");
        Assert.Equal(
            """{"messages":[{"role":"user","content":"Sum it up: a long story in Bern: 17 C"}],"arguments":{"text":"a long story"}}""",
            prompt.Attributes["mlflow.spanInputs"]!.ToJsonString());
    }

    private static PromptExecutionSettings Auto => new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };

    private static IChatCompletionService Chat(WholePath path) => path.Kernel.GetRequiredService<IChatCompletionService>();

    private static async Task<Testing.MlflowTestTrace> ExpectAsync(WholePath path, string tree, string question, string answer)
    {
        Assert.Null(Activity.Current);
        var trace = await path.TraceAsync();
        Assert.Equal(tree, Tree.Of(trace));
        Assert.Equal("OK", trace.State);
        Assert.Equal((question, answer), (trace.RequestPreview, trace.ResponsePreview));
        Assert.Single(path.Mlflow.Traces);
        Assert.Equal(path.LlamaStack.Requests.Count(request => request.Path == "/v1/chat/completions"), trace.Spans.Count(span => span.Type == "CHAT_MODEL"));
        Assert.DoesNotContain(path.Mlflow.Requests, request => request.Path.EndsWith("/traces", StringComparison.Ordinal) && request.Path != "/v1/traces");
        return trace;
    }
}
