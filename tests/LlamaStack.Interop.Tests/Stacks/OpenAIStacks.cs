using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace LlamaStack.Interop.Tests;

/// <summary>The official OpenAI SDK over an <see cref="HttpClient"/> with our handler, and what Microsoft.Extensions.AI makes of it.</summary>
internal static class OpenAIStacks
{
    public static IEnumerable<StackRow> All =>
    [
        new("OpenAI SDK, chat", application => Chat(application).CompleteChatAsync(Question), Stacks.Call),
        new("OpenAI SDK, chat, with its own telemetry", application => Chat(application).CompleteChatAsync(Question), Stacks.Call) { Sources = ["OpenAI.*"] },
        new("OpenAI SDK, streaming", application => Chat(application).CompleteChatStreamingAsync(Question).ReadAsync(), Stacks.Call),
        new("OpenAI SDK, streaming with break", application => Chat(application).CompleteChatStreamingAsync(Question).ReadAsync(upTo: 2), Stacks.Call) { LeavesEarly = true },
        new("OpenAI SDK, the application's own loop of tools", Stacks.Request(RunToolsAsync), CallsAlone),
        new("OpenAI SDK, Responses", application => application.OpenAI.GetResponsesClient().CreateResponseAsync(Application.ChatModel, Question), Stacks.Call),
        new("OpenAI SDK, Responses streaming", StreamResponseAsync, Stacks.Call),
        new("OpenAI SDK, embeddings", application => application.OpenAI.GetEmbeddingClient(Application.EmbeddingModel).GenerateEmbeddingsAsync(["one", "two"]), Stacks.Embeddings),
        new("OpenAI SDK as IChatClient", application => Chat(application).AsIChatClient().GetResponseAsync(Question), Stacks.Call),
        new("OpenAI SDK as IChatClient, both with telemetry", application => Chat(application).AsIChatClient().AsBuilder().UseOpenTelemetry().Build().GetResponseAsync(Question), Stacks.Call)
        {
            Sources = ["OpenAI.*", "Experimental.Microsoft.Extensions.AI"],
        },
        new(
            "OpenAI SDK as IChatClient, streaming, both with telemetry",
            application => Chat(application).AsIChatClient().AsBuilder().UseOpenTelemetry().Build().GetStreamingResponseAsync(Question).ReadAsync(),
            Stacks.Call)
        {
            Sources = ["OpenAI.*", "Experimental.Microsoft.Extensions.AI"],
        },
        WithTools("UseFunctionInvocation", client => client.UseFunctionInvocation(), CallsAlone, []),
        WithTools("UseFunctionInvocation outside UseOpenTelemetry", client => client.UseFunctionInvocation().UseOpenTelemetry(), Stacks.RequestWithLoop, [Source]),
        WithTools("UseOpenTelemetry outside UseFunctionInvocation", client => client.UseOpenTelemetry().UseFunctionInvocation(), CallsBelowChat, [Source]),
        WithToolsStreamed("UseFunctionInvocation outside UseOpenTelemetry", client => client.UseFunctionInvocation().UseOpenTelemetry(), Stacks.RequestWithLoop),
        WithToolsStreamed("UseOpenTelemetry outside UseFunctionInvocation", client => client.UseOpenTelemetry().UseFunctionInvocation(), CallsBelowChat),
        new("OpenAI SDK's Responses as IChatClient", application => application.OpenAI.GetResponsesClient().AsIChatClient(Application.ChatModel).GetResponseAsync(Question), Stacks.Call),
        new("OpenAI SDK as IEmbeddingGenerator", application => application.OpenAI.GetEmbeddingClient(Application.EmbeddingModel).AsIEmbeddingGenerator().GenerateAsync(["one", "two"]), Stacks.Embeddings),
    ];

    private const string Question = Stacks.Question;

    /// <summary>Functions have spans where the client below them has a source of spans: the OpenAI SDK's has none, unless <c>UseOpenTelemetry()</c> stands between.</summary>
    private const string CallsAlone = """
        request CHAIN
          chat demo/llama CHAT_MODEL
          chat demo/llama CHAT_MODEL
        """;

    private const string CallsBelowChat = """
        request CHAIN
          chat demo/llama CHAIN
            chat demo/llama CHAT_MODEL
            chat demo/llama CHAT_MODEL
        """;

    private const string Source = "Experimental.Microsoft.Extensions.AI";

    private static ChatOptions Options => new() { Tools = Stacks.Tools };

    private static StackRow WithTools(string name, Action<ChatClientBuilder> pipeline, string tree, string[] sources) =>
        new($"OpenAI SDK as IChatClient, {name}", Stacks.Request(application => Client(application, pipeline).GetResponseAsync(Stacks.ToolQuestion, Options)), tree) { Sources = sources };

    private static StackRow WithToolsStreamed(string name, Action<ChatClientBuilder> pipeline, string tree) =>
        new($"OpenAI SDK as IChatClient streamed, {name}", Stacks.Request(application => Client(application, pipeline).GetStreamingResponseAsync(Stacks.ToolQuestion, Options).ReadAsync()), tree) { Sources = [Source] };

    private static IChatClient Client(Application application, Action<ChatClientBuilder> pipeline)
    {
        var builder = Chat(application).AsIChatClient().AsBuilder();
        pipeline(builder);
        return builder.Build(application.Services);
    }

    private static ChatClient Chat(Application application) => application.OpenAI.GetChatClient(Application.ChatModel);

    private static async Task StreamResponseAsync(Application application)
    {
        await using var stream = await application.OpenAI.GetResponsesClient().CreateResponseStreamingAsync(Application.ChatModel, Question);
        await stream.ReadAsync();
    }

    private static async Task RunToolsAsync(Application application)
    {
        var options = new ChatCompletionOptions();
        foreach (var tool in Stacks.Tools.Cast<AIFunction>())
        {
            options.Tools.Add(ChatTool.CreateFunctionTool(tool.Name, tool.Description, BinaryData.FromString(tool.JsonSchema.GetRawText())));
        }

        List<OpenAI.Chat.ChatMessage> messages = [new UserChatMessage(Stacks.ToolQuestion)];
        var asked = (await Chat(application).CompleteChatAsync(messages, options)).Value;
        messages.Add(new AssistantChatMessage(asked));
        Assert.Equal(2, asked.ToolCalls.Count);
        messages.AddRange(asked.ToolCalls.Select(call => new ToolChatMessage(call.Id, "17 C")));
        await Chat(application).CompleteChatAsync(messages, options);
    }
}
