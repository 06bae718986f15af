using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;

namespace LlamaStack.Interop.Tests;

/// <summary>Our connector and Semantic Kernel's own for OpenAI, side by side over the same server: who changes from one to the other finds the same.</summary>
[Collection(nameof(Application))]
public sealed class ConnectorTests
{
    private static readonly OpenAIPromptExecutionSettings _settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What a caller gets from a turn that a filter ends with the result of a function.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_turn_that_a_filter_ends(bool streamed)
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Ct);
        await using var application = await Application.StartAsync(mlflow.Endpoint);

        var (theirs, ours) = (await AskAsync(KernelStacks.Theirs(application), streamed), await AskAsync(KernelStacks.Ours(application), streamed));

        Assert.Equal(("tool", "Paris: 17 C"), theirs);
        Assert.Equal(theirs, ours);
    }

    private static async Task<(string? Role, string? Text)> AskAsync(Kernel kernel, bool streamed)
    {
        kernel.AutoFunctionInvocationFilters.Add(new Ending());
        var chat = kernel.GetRequiredService<IChatCompletionService>();
        if (!streamed)
        {
            var answer = await chat.GetChatMessageContentAsync("How is the weather in Paris?", _settings, kernel, Ct);
            return (answer.Role.Label, answer.Content);
        }

        var pieces = await chat.GetStreamingChatMessageContentsAsync("How is the weather in Paris?", _settings, kernel, Ct).ToListAsync(Ct);
        return (pieces[^1].Role?.Label, string.Concat(pieces.Select(piece => piece.Content)));
    }

    private sealed class Ending : IAutoFunctionInvocationFilter
    {
        public async Task OnAutoFunctionInvocationAsync(AutoFunctionInvocationContext context, Func<AutoFunctionInvocationContext, Task> next)
        {
            await next(context);
            context.Terminate = true;
        }
    }
}
