using System.Text.Json;
using System.Text.Json.Nodes;
using LlamaStack.Client;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.Interop.Tests;

/// <summary>Asks what a recorded request of Python's asks, in a library's own words.</summary>
/// <param name="ToolPrefix">What the library puts before the name of a tool, for the model.</param>
/// <param name="AskAsync">Asks. The function runs a tool that the model asks for, and the library goes on with its result; without one tools are left to the caller.</param>
internal sealed record GoldenLibrary(string ToolPrefix, Func<Application, JsonObject, Func<JsonNode?>?, Task> AskAsync)
{
    private const string Plugin = "golden";

    public static IReadOnlyDictionary<string, GoldenLibrary> All { get; } = new Dictionary<string, GoldenLibrary>
    {
        ["Semantic Kernel"] = new($"{Plugin}_", AskKernelAsync),
        ["Microsoft.Extensions.AI"] = new("", AskExtensionsAIAsync),
    };

    private static async Task AskExtensionsAIAsync(Application application, JsonObject request, Func<JsonNode?>? run)
    {
        var client = request["messages"] is null ? application.Services.GetRequiredService<LlamaStackClient>().AsIResponsesChatClient() : application.Chat;
        client = run is null ? client : client.AsBuilder().UseFunctionInvocation().Build();
        var messages = request["messages"] is JsonArray conversation ? conversation.Select(message => Message(message!)).ToList() : [new ChatMessage(ChatRole.User, (string)request["input"]!)];
        var options = new ChatOptions
        {
            ModelId = (string?)request["model"],
            MaxOutputTokens = (int?)request["max_tokens"],
            AllowMultipleToolCalls = (bool?)request["parallel_tool_calls"],
            Tools = [.. Definitions(request).Select(definition => new Tool(definition, run))],
        };
        if ((bool?)request["stream"] is true)
        {
            await client.GetStreamingResponseAsync(messages, options).ReadAsync();
        }
        else
        {
            await client.GetResponseAsync(messages, options);
        }
    }

    private static async Task AskKernelAsync(Application application, JsonObject request, Func<JsonNode?>? run)
    {
        var kernel = application.Services.GetRequiredService<Kernel>();
        var chat = kernel.GetRequiredService<IChatCompletionService>();
        var history = new ChatHistory(request["messages"]!.AsArray().Select(message => Content(Message(message!))));
        var functions = kernel.Plugins.AddFromFunctions(Plugin, Definitions(request).Select(definition => Function(definition, run)));
        var settings = new PromptExecutionSettings
        {
            ModelId = (string?)request["model"],
            ExtensionData = request["max_tokens"] is { } most ? new Dictionary<string, object> { ["max_tokens"] = (int)most } : null,
            FunctionChoiceBehavior = !functions.Any() ? null : FunctionChoiceBehavior.Auto(functions, run is not null, new() { AllowParallelCalls = (bool?)request["parallel_tool_calls"] }),
        };
        if ((bool?)request["stream"] is true)
        {
            await chat.GetStreamingChatMessageContentsAsync(history, settings, kernel).ReadAsync();
        }
        else
        {
            await chat.GetChatMessageContentAsync(history, settings, kernel);
        }
    }

    private static IEnumerable<JsonObject> Definitions(JsonObject request) => (request["tools"] as JsonArray ?? []).Select(tool => (tool!["function"] ?? tool).AsObject());

    private static KernelFunction Function(JsonObject definition, Func<JsonNode?>? run) => KernelFunctionFactory.CreateFromMethod(
        () => run?.Invoke(),
        new KernelFunctionFromMethodOptions
        {
            FunctionName = (string)definition["name"]!,
            Description = (string?)definition["description"],
            Parameters = definition["parameters"]!["properties"]!.AsObject().Select(parameter => new KernelParameterMetadata(parameter.Key)
            {
                Schema = KernelJsonSchema.Parse(parameter.Value!.ToJsonString()),
                IsRequired = (definition["parameters"]!["required"] as JsonArray ?? []).Any(name => (string?)name == parameter.Key),
            }),
        });

    private static ChatMessage Message(JsonNode message)
    {
        var (role, text) = (new ChatRole((string)message["role"]!), (string?)message["content"]);
        return role == ChatRole.Tool ? new ChatMessage(role, [new Microsoft.Extensions.AI.FunctionResultContent((string)message["tool_call_id"]!, text)])
            : message["tool_calls"] is JsonArray calls ? new ChatMessage(role, [.. calls.Select(Call)])
            : new ChatMessage(role, text);
    }

    private static AIContent Call(JsonNode? call) => new Microsoft.Extensions.AI.FunctionCallContent(
        (string)call!["id"]!, (string)call["function"]!["name"]!, JsonSerializer.Deserialize<Dictionary<string, object?>>((string)call["function"]!["arguments"]!));

    private static ChatMessageContent Content(ChatMessage message) => new(new AuthorRole(message.Role.Value), [.. message.Contents.Select(Content)]);

    private static KernelContent Content(AIContent content) => content switch
    {
        Microsoft.Extensions.AI.FunctionCallContent call => new Microsoft.SemanticKernel.FunctionCallContent(call.Name, id: call.CallId, arguments: new KernelArguments(call.Arguments!)),
        Microsoft.Extensions.AI.FunctionResultContent result => new Microsoft.SemanticKernel.FunctionResultContent(callId: result.CallId, result: result.Result),
        var text => new Microsoft.SemanticKernel.TextContent(text.ToString()),
    };

    /// <summary>A tool as the recorded request describes it.</summary>
    private sealed class Tool(JsonObject definition, Func<JsonNode?>? run) : AIFunction
    {
        public override string Name => (string)definition["name"]!;

        public override string Description => (string?)definition["description"] ?? "";

        public override JsonElement JsonSchema { get; } = JsonSerializer.SerializeToElement(definition["parameters"]);

        protected override ValueTask<object?> InvokeCoreAsync(AIFunctionArguments arguments, CancellationToken cancellationToken) => new(run?.Invoke());
    }
}
