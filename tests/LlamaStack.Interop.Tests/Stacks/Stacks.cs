using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;

namespace LlamaStack.Interop.Tests;

/// <summary>The table.</summary>
internal static class Stacks
{
    public const string Question = "What does a telescope do?";
    public const string ToolQuestion = "Tell me of the weather and the wind in Paris and Oslo, both.";

    /// <summary>A request whose model asks for both tools, below the span of the request.</summary>
    public const string RequestWithTools = """
        request CHAIN
          chat demo/llama CHAT_MODEL
          get_weather TOOL
          get_wind TOOL
          chat demo/llama CHAT_MODEL
        """;

    /// <summary>The same, where the library that runs the tools has a span for its loop.</summary>
    public const string RequestWithLoop = """
        request CHAIN
          orchestrate_tools CHAIN
            chat demo/llama CHAT_MODEL
            get_weather TOOL
            get_wind TOOL
            chat demo/llama CHAT_MODEL
        """;

    /// <summary>A span that covers several calls is none of them.</summary>
    public const string ChatAboveLoop = """
        request CHAIN
          chat CHAIN
            orchestrate_tools CHAIN
              chat demo/llama CHAT_MODEL
              get_weather TOOL
              get_wind TOOL
              chat demo/llama CHAT_MODEL
        """;

    public const string Call = "chat demo/llama CHAT_MODEL";

    public const string Embeddings = "embeddings demo/embed EMBEDDING";

    public static IReadOnlyList<StackRow> All { get; } = [.. OpenAIStacks.All, .. ExtensionsAIStacks.All, .. KernelStacks.All, .. AgentStacks.All, .. McpStacks.All];

    public static IList<AITool> Tools { get; } =
    [
        AIFunctionFactory.Create((string city) => $"{city}: 17 C", "get_weather", "Tells the weather in a city."),
        AIFunctionFactory.Create((string city) => $"{city}: west", "get_wind", "Tells the wind in a city."),
    ];

    /// <summary>Below a span of the application, as that of a web request is.</summary>
    public static Func<Application, Task> Request(Func<Application, Task> run) => async application =>
    {
        using var request = LlamaStackTrace.StartSpan("request");
        await run(application);
    };

    public static async Task ReadAsync<T>(this IAsyncEnumerable<T> stream, int? upTo = null)
    {
        var read = 0;
        await foreach (var _ in stream.WithCancellation(TestContext.Current.CancellationToken))
        {
            if (++read == upTo)
            {
                break;
            }
        }

        Assert.True(read > 0);
    }
}
