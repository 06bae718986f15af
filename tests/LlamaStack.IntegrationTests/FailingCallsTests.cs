using System.Text.Json.Nodes;
using LlamaStack.Client;
using LlamaStack.Mlflow;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.IntegrationTests;

/// <summary>A real server's failures, as a real MLflow tells them: state ERROR, the error's type, the server's own words, and what was seen of the answer.</summary>
[Collection(nameof(InProcessTracing))]
public sealed class FailingCallsTests(PeersFixture peers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("chat", "stub/fail-400", "400", "The stub rejects this request.")]
    [InlineData("chat", "stub/fail-401", "401", "Incorrect API key provided: stub.")]
    [InlineData("chat", "nowhere/model", "404", "Model 'nowhere/model' not found.")]
    [InlineData("chat", "stub/fail-429", "429", "Rate limit reached at the stub.")]
    [InlineData("chat", "stub/fail-500", "500", "The stub had an internal error.")]
    [InlineData("chat", "stub/stub-embed", "400", "is of type 'embedding'")]
    [InlineData("chat, streamed", "stub/fail-429", "429", "Rate limit reached at the stub.")]
    [InlineData("chat, streamed", "stub/fail-midstream", "500", "An unexpected error occurred.")]
    [InlineData("chat, streamed", "stub/fail-cut", "500", "An unexpected error occurred.")]
    // Asked for token counts, this server tells of an empty stream what it finds wrong with it.
    [InlineData("chat, streamed", "stub/fail-empty", "400", "List should have at least 1 item")]
    [InlineData("responses", "nowhere/model", "404", "Model 'nowhere/model' not found.")]
    [InlineData("responses", "stub/fail-500", "500", "The stub had an internal error.")]
    [InlineData("responses, streamed", "nowhere/model", "404", "Model 'nowhere/model' not found.")]
    [InlineData("responses, streamed", "stub/fail-429", "rate_limit_exceeded", "Rate limit reached at the stub.")]
    [InlineData("embeddings", "stub/stub-chat", "400", "is of type 'llm'")]
    public async Task A_failure_is_told_with_the_servers_words(string call, string model, string errorType, string words)
    {
        var span = await FailAsync(client => CallAsync(client, call, model, Cancellation));

        Assert.Equal(errorType, (string?)span["error.type"]);
        Assert.Contains(words, span.StatusMessage, StringComparison.Ordinal);
        Assert.Contains(span.Events, happened => happened.Name == "exception");
    }

    [Fact]
    public async Task A_stream_that_fails_keeps_what_was_said()
    {
        var span = await FailAsync(client => CallAsync(client, "chat, streamed", "stub/fail-midstream", Cancellation));

        Assert.False(string.IsNullOrEmpty((string?)span.Outputs!["choices"]![0]!["message"]!["content"]));
    }

    [Fact]
    public async Task A_call_that_takes_too_long_timed_out()
    {
        var span = await FailAsync(client => CallAsync(client, "chat", "stub/fail-hang", Cancellation), options => options.Timeout = TimeSpan.FromMilliseconds(500));

        Assert.Equal("timeout", (string?)span["error.type"]);
    }

    [Fact]
    public async Task A_stream_that_falls_silent_timed_out()
    {
        var span = await FailAsync(client => CallAsync(client, "chat, streamed", "stub/stub-slow", Cancellation), options => options.StreamIdleTimeout = TimeSpan.FromMilliseconds(60));

        Assert.Equal("timeout", (string?)span["error.type"]);
    }

    [Fact]
    public async Task A_call_that_its_caller_cancels_was_cancelled_and_keeps_what_was_said()
    {
        using var cancel = new CancellationTokenSource();
        var span = await FailAsync(async client =>
        {
            await foreach (var chunk in client.StreamChatCompletionAsync(Question("stub/stub-slow"), cancel.Token))
            {
                if (chunk.Choices is [{ Delta.Content.Text.Length: > 0 }, ..])
                {
                    await cancel.CancelAsync();
                }
            }
        });

        Assert.Equal("cancelled", (string?)span["error.type"]);
        Assert.False(string.IsNullOrEmpty((string?)span.Outputs!["choices"]![0]!["message"]!["content"]));
    }

    private static async Task CallAsync(LlamaStackClient client, string call, string model, CancellationToken cancellationToken)
    {
        switch (call)
        {
            case "chat":
                await client.CreateChatCompletionAsync(Question(model), cancellationToken);
                break;
            case "chat, streamed":
                await foreach (var _ in client.StreamChatCompletionAsync(Question(model), cancellationToken))
                {
                }

                break;
            case "responses":
                await client.CreateResponseAsync(new ResponseRequest { Model = model, Input = "Hi" }, cancellationToken);
                break;
            case "responses, streamed":
                await foreach (var happened in client.StreamResponseAsync(new ResponseRequest { Model = model, Input = "Hi" }, cancellationToken))
                {
                    // To the typed client a failed response is an event, as on the wire.
                    if (happened is ResponseStateEvent { Response.Error: { } error })
                    {
                        throw new LlamaStackException(error.Message ?? "");
                    }
                }

                break;
            default:
                await client.CreateEmbeddingsAsync(new EmbeddingsRequest { Model = model, Input = "Hi" }, cancellationToken);
                break;
        }
    }

    private static ChatCompletionRequest Question(string model) => new() { Model = model, Messages = [new ChatCompletionMessage { Role = "user", Content = "Hi" }] };

    private async Task<StoredSpan> FailAsync(Func<LlamaStackClient, Task> call, Action<LlamaStackClientOptions>? configure = null)
    {
        var (models, mlflow) = (await peers.OgxAsync(), await peers.MlflowAsync());
        var experiment = $"failing-{Guid.NewGuid():N}";
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddLlamaStack(options =>
        {
            options.Endpoint = models.Address;
            configure?.Invoke(options);
        }).WithMlflowTracing(options =>
        {
            options.TrackingUri = mlflow.Address;
            options.ExperimentName = experiment;
        });
        await using var provider = services.BuildServiceProvider();

        var thrown = await Record.ExceptionAsync(() => call(provider.GetRequiredService<LlamaStackClient>()));

        Assert.True(thrown is LlamaStackException or OperationCanceledException, $"{thrown}");
        Assert.True(provider.GetRequiredService<TracerProvider>().ForceFlush(30_000));
        using var http = new HttpClient { BaseAddress = mlflow.Address };
        var trace = Assert.Single(await StoredTrace.OfExperimentAsync(provider.GetRequiredService<MlflowClient>(), http, experiment, Cancellation));
        Assert.Equal("ERROR", trace.State);
        var span = Assert.Single(trace.Spans);
        Assert.Equal("STATUS_CODE_ERROR", span.Status);
        return span;
    }
}
