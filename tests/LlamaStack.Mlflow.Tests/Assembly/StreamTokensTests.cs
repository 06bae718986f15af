using LlamaStack.Client;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Mlflow.Tests.Assembly;

/// <summary>A server tells a stream's tokens only those who ask.</summary>
[Collection(nameof(Tracing))]
public sealed class StreamTokensTests
{
    [Theory]
    [InlineData(null, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task The_registered_client_asks_and_its_caller_sees_nothing_of_it(bool? option, bool told)
    {
        await using var app = await TracedApp.StartAsync(services: services => services.ConfigureAll<GenAIInstrumentationOptions>(options => options.AskForStreamUsage = option));
        List<ChatCompletionChunk> chunks = [];

        await foreach (var chunk in app.Client.StreamChatCompletionAsync(
            new ChatCompletionRequest { Model = "demo/llama", Messages = [new ChatCompletionMessage { Role = "user", Content = "Hello?" }] }, Limit.Token))
        {
            chunks.Add(chunk);
        }

        Assert.All(chunks, chunk => Assert.NotEmpty(chunk.Choices));
        var trace = app.FlushedTrace();
        Assert.Equal(told, trace.TokenUsage.TryGetValue("total_tokens", out var total) && total > 0);
        Assert.DoesNotContain("stream_options", trace.Spans.Single().Attributes["mlflow.spanInputs"]!.ToJsonString(), StringComparison.Ordinal);
    }
}
