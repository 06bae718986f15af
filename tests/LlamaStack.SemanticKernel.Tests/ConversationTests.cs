using System.Diagnostics;
using System.Text.Json.Nodes;
using LlamaStack.Instrumentation;
using LlamaStack.TestSupport;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>What the kernel gets back from the server, and what the server gets from the kernel.</summary>
public sealed class ConversationTests
{
    private const string Chunk = """{"id":"c-1","model":"m-1","choices":[{"index":0,"delta":{"content":"Hel"}}]}""";

    [Fact]
    public async Task An_answer_tells_its_usage_its_id_and_why_it_ended()
    {
        var answer = await new StubServer().Says("Hello.", "length").Kernel().InvokePromptAsync("Hi", cancellationToken: Ct);
        Assert.Equal("Hello.", answer.ToString());
        var usage = Assert.IsType<UsageDetails>(answer.Metadata!["Usage"]);
        Assert.Equal((3, 2, 5), (usage.InputTokenCount, usage.OutputTokenCount, usage.TotalTokenCount));
        Assert.Equal(("c-1", "length"), (answer.Metadata["Id"], answer.Metadata["FinishReason"]));
    }

    [Fact]
    public async Task A_streamed_answer_tells_them_at_its_end()
    {
        var server = new StubServer().Events(
            Chunk,
            """{"id":"c-1","model":"m-1","choices":[{"index":0,"delta":{"content":"lo."},"finish_reason":"stop"}]}""",
            """{"id":"c-1","model":"m-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}""");
        List<StreamingChatMessageContent> pieces = [];
        await foreach (var piece in server.Kernel().InvokePromptStreamingAsync<StreamingChatMessageContent>("Hi", cancellationToken: Ct))
        {
            pieces.Add(piece);
        }

        Assert.Equal("Hello.", string.Concat(pieces));
        Assert.Equal("stop", pieces.Select(piece => piece.Metadata?.GetValueOrDefault("FinishReason")).Last(reason => reason is not null));
        var usage = Assert.IsType<UsageContent>(pieces.Select(piece => piece.Metadata?.GetValueOrDefault("Usage")).Single(usage => usage is not null));
        Assert.Equal(5, usage.Details.TotalTokenCount);
    }

    [Fact]
    public async Task A_refusal_is_told_too()
    {
        var server = new StubServer().Answers("stop", new JsonObject { ["role"] = "assistant", ["refusal"] = "I cannot help with that." });
        var answer = await server.Kernel().InvokePromptAsync("Hi", cancellationToken: Ct);
        Assert.Equal("I cannot help with that.", answer.Metadata!["Refusal"]);
    }

    [Fact]
    public async Task Functions_run_in_a_streamed_turn_and_the_history_can_be_sent_again()
    {
        var server = new StubServer()
            .Events("""{"id":"c-0","model":"m-1","choices":[{"index":0,"finish_reason":"tool_calls","delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather_get_weather","arguments":"{\"city\":\"Rome\"}"}},{"index":1,"id":"call_2","type":"function","function":{"name":"weather_get_wind","arguments":"{\"city\":\"Oslo\"}"}}]}}]}""")
            .Events(Chunk)
            .Says("Bye.");
        var kernel = server.Kernel();
        var chat = kernel.GetRequiredService<IChatCompletionService>();
        var history = new ChatHistory("Be brief.");
        history.AddUserMessage("Weather?");
        var settings = new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        Assert.Equal("Hel", await chat.GetStreamingChatMessageContentsAsync(history, settings, kernel, Ct).TextAsync());
        history.AddUserMessage("Thanks.");
        await chat.GetChatMessageContentAsync(history, settings, kernel, Ct);

        Assert.Equal("system user assistant(2) tool tool", Roles(server.Requests[1]));
        Assert.Equal("system user assistant(2) tool tool user", Roles(server.Requests[2]));
        Assert.Equal(["Rome: 17 C", """{"speed":4,"from":"west"}"""], server.Requests[2]["messages"]!.AsArray().Where(message => (string?)message!["role"] == "tool").Select(message => (string?)message!["content"]));
    }

    [Fact]
    public async Task Embeddings_come_from_the_kernel_as_well()
    {
        using var spans = new SpanCollector(LlamaStackDiagnostics.SourceName);
        var server = new StubServer().Json("""{"object":"list","model":"e-1","data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,1]}],"usage":{"prompt_tokens":2,"total_tokens":2}}""");
        var embeddings = await server.Kernel().GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync(["one", "two"], cancellationToken: Ct);

        Assert.Equal([[1, 0], [0, 1]], embeddings.Select(embedding => embedding.Vector.ToArray()));
        Assert.Equal("test\n  embeddings e-1", Tree.Of(spans.Root, spans.Spans));
        Assert.Same(spans.Root, Activity.Current);
    }

    private static string Roles(JsonObject request) => string.Join(' ', request["messages"]!.AsArray().Select(message =>
        (string?)message!["role"] + (message["tool_calls"] is JsonArray calls ? $"({calls.Count})" : "")));
}
