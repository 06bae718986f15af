using LlamaStack.Client;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LlamaStack.Interop.Tests;

/// <summary>Pipelines of Microsoft.Extensions.AI over our own clients.</summary>
internal static class ExtensionsAIStacks
{
    private const string Source = "Experimental.Microsoft.Extensions.AI";

    public static IEnumerable<StackRow> All =>
    [
        Row("plain", _ => { }, Stacks.Call),
        Row("UseLogging", client => client.UseLogging(), Stacks.Call),
        Row("UseOpenTelemetry", client => client.UseOpenTelemetry(), Stacks.Call),
        new("M.E.AI, UseOpenTelemetry that nobody listens to", application => Client(application, client => client.UseOpenTelemetry()).GetResponseAsync(Stacks.Question), Stacks.Call),
        Streamed("UseOpenTelemetry", client => client.UseOpenTelemetry(), Stacks.Call),
        new("M.E.AI, streaming with break", application => Client(application, client => client.UseOpenTelemetry()).GetStreamingResponseAsync(Stacks.Question).ReadAsync(upTo: 2), Stacks.Call)
        {
            Sources = [Source],
            LeavesEarly = true,
        },
        WithTools("UseFunctionInvocation", client => client.UseFunctionInvocation(), Stacks.RequestWithLoop),
        WithTools("UseFunctionInvocation outside UseOpenTelemetry", client => client.UseFunctionInvocation().UseOpenTelemetry(), Stacks.RequestWithLoop),
        WithTools("UseOpenTelemetry outside UseFunctionInvocation", client => client.UseOpenTelemetry().UseFunctionInvocation(), Stacks.ChatAboveLoop),
        WithToolsStreamed("UseFunctionInvocation outside UseOpenTelemetry", client => client.UseFunctionInvocation().UseOpenTelemetry(), Stacks.RequestWithLoop),
        WithToolsStreamed("UseOpenTelemetry outside UseFunctionInvocation", client => client.UseOpenTelemetry().UseFunctionInvocation(), Stacks.ChatAboveLoop),
        new("M.E.AI, UseDistributedCache: the second answer is no call", Stacks.Request(AskTwiceAsync), "request CHAIN\n  chat demo/llama CHAT_MODEL") { Sources = [Source] },
        new("M.E.AI, structured output", application => Client(application, client => client.UseOpenTelemetry()).GetResponseAsync<Place>("Where is the Louvre?"), Stacks.Call) { Sources = [Source] },
        new("M.E.AI, Responses", application => application.Services.GetRequiredService<LlamaStackClient>().AsIResponsesChatClient().AsBuilder().UseOpenTelemetry().Build().GetResponseAsync(Stacks.Question), Stacks.Call) { Sources = [Source] },
        new(
            "M.E.AI, embeddings",
            application => application.Services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().AsBuilder().UseOpenTelemetry().Build().GenerateAsync(["one", "two"]),
            Stacks.Embeddings)
        {
            Sources = [Source],
        },
    ];

    private static StackRow Row(string name, Action<ChatClientBuilder> pipeline, string tree) =>
        new($"M.E.AI, {name}", application => Client(application, pipeline).GetResponseAsync(Stacks.Question), tree) { Sources = [Source] };

    private static StackRow Streamed(string name, Action<ChatClientBuilder> pipeline, string tree) =>
        new($"M.E.AI streamed, {name}", application => Client(application, pipeline).GetStreamingResponseAsync(Stacks.Question).ReadAsync(), tree) { Sources = [Source] };

    private static StackRow WithTools(string name, Action<ChatClientBuilder> pipeline, string tree) =>
        new($"M.E.AI, {name}", Stacks.Request(application => Client(application, pipeline).GetResponseAsync(Stacks.ToolQuestion, Options)), tree) { Sources = [Source] };

    private static StackRow WithToolsStreamed(string name, Action<ChatClientBuilder> pipeline, string tree) =>
        new($"M.E.AI streamed, {name}", Stacks.Request(application => Client(application, pipeline).GetStreamingResponseAsync(Stacks.ToolQuestion, Options).ReadAsync()), tree) { Sources = [Source] };

    private static ChatOptions Options => new() { Tools = Stacks.Tools };

    private static IChatClient Client(Application application, Action<ChatClientBuilder> pipeline)
    {
        var builder = application.Chat.AsBuilder();
        pipeline(builder);
        return builder.Build(application.Services);
    }

    /// <summary>A pipeline with one function.</summary>
    public static Task AskAsync(Application application, Func<string, string> function, Action<OpenTelemetryChatClient>? telemetry = null) =>
        Client(application, client => client.UseFunctionInvocation().UseOpenTelemetry(configure: telemetry))
            .GetResponseAsync("How is the weather in Paris?", new ChatOptions { Tools = [AIFunctionFactory.Create(function, "get_weather")] });

    private static async Task AskTwiceAsync(Application application)
    {
        var client = Client(application, client => client.UseDistributedCache(new MemoryDistributedCache(Wrapped<MemoryDistributedCacheOptions>())));
        var first = await client.GetResponseAsync(Stacks.Question);
        Assert.Equal(first.Text, (await client.GetResponseAsync(Stacks.Question)).Text);
    }

    private static IOptions<T> Wrapped<T>()
        where T : class, new() => Microsoft.Extensions.Options.Options.Create(new T());

    internal sealed record Place(string City, string Country);
}
