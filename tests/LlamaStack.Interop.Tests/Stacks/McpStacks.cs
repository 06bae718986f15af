using System.IO.Pipelines;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace LlamaStack.Interop.Tests;

/// <summary>Tools of an MCP server, in this process, over the streams that a child process would have.</summary>
internal static class McpStacks
{
    /// <summary>The server's own span of a call hangs below the call.</summary>
    private const string ServerWithin = """
        request CHAIN
          orchestrate_tools CHAIN
            chat demo/llama CHAT_MODEL
            get_weather TOOL
              get_weather CHAIN
            get_wind TOOL
              get_wind CHAIN
            chat demo/llama CHAT_MODEL
        """;

    public static IEnumerable<StackRow> All =>
    [
        new("MCP, tools in a loop", Stacks.Request(application => WithToolsAsync(application, nobodyListens: true)), Stacks.RequestWithLoop),
        new("MCP, tools in a loop, with its own telemetry", Stacks.Request(application => WithToolsAsync(application, nobodyListens: false)), ServerWithin)
        {
            Sources = ["Experimental.ModelContextProtocol", "Experimental.Microsoft.Extensions.AI"],
        },
    ];

    private static async Task WithToolsAsync(Application application, bool nobodyListens)
    {
        var (toServer, toClient) = (new Pipe(), new Pipe());
        await using var server = McpServer.Create(
            new StreamServerTransport(toServer.Reader.AsStream(), toClient.Writer.AsStream()),
            new McpServerOptions { ToolCollection = [.. Stacks.Tools.Cast<AIFunction>().Select(tool => McpServerTool.Create(tool))] });
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = server.RunAsync(stopping.Token);
        await using (var client = await McpClient.CreateAsync(new StreamClientTransport(toServer.Writer.AsStream(), toClient.Reader.AsStream())))
        {
            var tools = await client.ListToolsAsync();
            var chat = application.Chat.AsBuilder().UseFunctionInvocation();
            await (nobodyListens ? chat : chat.UseOpenTelemetry()).Build().GetResponseAsync(Stacks.ToolQuestion, new ChatOptions { Tools = [.. tools] });
        }

        await stopping.CancelAsync();
        await running;
    }
}
