using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;

namespace LlamaStack.Interop.Tests;

/// <summary>Agent Framework over our chat client.</summary>
internal static class AgentStacks
{
    private const string AgentSource = "Experimental.Microsoft.Agents.AI";
    private const string Turn = """
        helper AGENT
          chat demo/llama CHAT_MODEL
          get_weather TOOL
          get_wind TOOL
          chat demo/llama CHAT_MODEL
        """;

    public static IEnumerable<StackRow> All =>
    [
        new("Agent Framework", Stacks.Request(application => Agent(application).RunAsync(Stacks.ToolQuestion)), Stacks.RequestWithLoop),
        new("Agent Framework, UseOpenTelemetry", application => Traced(application).RunAsync(Stacks.ToolQuestion), Turn) { Sources = [AgentSource] },
        new("Agent Framework, UseOpenTelemetry, streamed", application => Traced(application).RunStreamingAsync(Stacks.ToolQuestion).ReadAsync(), Turn) { Sources = [AgentSource] },
        new("Agent Framework, agent and chat client with UseOpenTelemetry", application => Wholly(application).RunAsync(Stacks.ToolQuestion), Turn) { Sources = [AgentSource, "Experimental.Microsoft.Extensions.AI"] },
        new("Agent Framework, two turns of a thread", TwoTurnsAsync, Turn, "helper AGENT\n  chat demo/llama CHAT_MODEL") { Sources = [AgentSource] },
    ];

    private static ChatClientAgent Agent(Application application) => Agent(application.Chat);

    private static ChatClientAgent Agent(IChatClient client) => new(client, instructions: "Be brief.", name: "helper", tools: Stacks.Tools);

    private static AIAgent Traced(Application application) => Agent(application).AsBuilder().UseOpenTelemetry().Build();

    private static AIAgent Wholly(Application application) => Agent(application.Chat.AsBuilder().UseOpenTelemetry().Build()).AsBuilder().UseOpenTelemetry().Build();

    private static async Task TwoTurnsAsync(Application application)
    {
        var agent = Traced(application);
        var thread = await agent.CreateSessionAsync();
        await agent.RunAsync(Stacks.ToolQuestion, thread);
        await agent.RunAsync(Stacks.Question, thread);
    }
}
