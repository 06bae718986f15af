using System.Text.Json;
using LlamaStack.Instrumentation;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel.Tests;

[Collection(nameof(WholePath))]
public sealed class ContentTests
{
    private const string Planted = "Zanzibar";

    [Theory]
    [InlineData(ContentCapture.None)]
    [InlineData(ContentCapture.Full)]
    public async Task What_was_said_leaves_the_application_only_where_it_is_wanted(ContentCapture capture)
    {
        await using var path = await WholePath.StartAsync(options => options.ContentCapture = capture);
        var settings = new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        await path.Kernel.InvokePromptAsync("Tell me of the weather and the wind in {{$city}}, both.", new(settings) { ["city"] = Planted }, cancellationToken: Ct);
        await path.Kernel.InvokePromptStreamingAsync($"Tell me of weather_get_storm in {Planted}", new(settings), cancellationToken: Ct).TextAsync();
        using (LlamaStackTrace.StartAgent("helper"))
        {
            await path.Kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync($"Tell me of weather_get_storm in {Planted}", settings, path.Kernel, Ct);
        }

        await Assert.ThrowsAsync<InvalidOperationException>(() => path.Kernel.InvokeAsync("weather", "get_storm", new() { ["city"] = Planted }, Ct));

        foreach (var trace in await path.Mlflow.WaitForTracesAsync(4, Ct).Soon())
        {
            Assert.Equal(capture is ContentCapture.Full, JsonSerializer.Serialize(trace).Contains(Planted, StringComparison.Ordinal));
        }
    }
}
