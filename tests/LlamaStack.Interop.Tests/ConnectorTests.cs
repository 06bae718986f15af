using System.Text.Json;
using System.Text.Json.Nodes;
using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;

namespace LlamaStack.Interop.Tests;

/// <summary>Our connector and Semantic Kernel's own for OpenAI, side by side over the same server: who changes from one to the other finds the same.</summary>
[Collection(nameof(Application))]
public sealed class ConnectorTests
{
    private const string Schema = """{"type":"object","properties":{"city":{"type":"string"}}}""";

    private static readonly OpenAIPromptExecutionSettings _settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, Func<Kernel, OpenAIPromptExecutionSettings>> Settings => new()
    {
        { "none", _ => new() },
        { "the common ones", _ => new() { Temperature = 0.5, TopP = 0.75, MaxTokens = 9, StopSequences = ["X"], Seed = 3, FrequencyPenalty = 1, PresencePenalty = -1, User = "ada" } },
        { "log probabilities", _ => new() { Logprobs = true, TopLogprobs = 3 } },
        { "biases", _ => new() { TokenSelectionBiases = new Dictionary<int, int> { [50] = 2 } } },
        { "stored, with metadata", _ => new() { Store = true, Metadata = new Dictionary<string, string> { ["a"] = "b" } } },
        { "effort", _ => new() { ReasoningEffort = "low" } },
        { "a system prompt", _ => new() { ChatSystemPrompt = "Be brief." } },
        { "a developer prompt", _ => new() { ChatDeveloperPrompt = "Be brief." } },
        { "a format's word", _ => new() { ResponseFormat = "json_object" } },
        { "a format as a schema", _ => new() { ResponseFormat = JsonElement.Parse(Schema) } },
        { "a format as a type", _ => new() { ResponseFormat = typeof(Place) } },
        { "functions", _ => new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(autoInvoke: false) } },
        { "functions with strict schemas", _ => new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(autoInvoke: false, options: new() { AllowStrictSchemaAdherence = true }) } },
        { "functions in parallel", _ => new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(autoInvoke: false, options: new() { AllowParallelCalls = true }) } },
        { "a required function", kernel => new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Required([kernel.Plugins["weather"]["get_weather"]], autoInvoke: false) } },
        { "no function", kernel => new() { FunctionChoiceBehavior = FunctionChoiceBehavior.None([kernel.Plugins["weather"]["get_weather"]]) } },
    };

    /// <summary>What the server is asked by settings of the OpenAI connector.</summary>
    [Theory]
    [MemberData(nameof(Settings), DisableDiscoveryEnumeration = true)]
    public async Task Settings_are_told_to_the_server_alike(string name, Func<Kernel, OpenAIPromptExecutionSettings> settings)
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Ct);
        await using var application = await Application.StartAsync(mlflow.Endpoint);
        foreach (var kernel in (Kernel[])[KernelStacks.Theirs(application), KernelStacks.Ours(application)])
        {
            await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync("Hi", settings(kernel), kernel, Ct);
        }

        var asked = application.LlamaStack.Requests.Where(request => request.Method == "POST").Select(request => Comparable(request.ReadJson()!)).ToList();
        var (theirs, ours) = (asked[0], asked[1]);
        Assert.True(JsonNode.DeepEquals(theirs, ours), $"{name}\ntheirs {theirs.ToJsonString()}\nours   {ours.ToJsonString()}");
    }

    /// <summary>What a caller gets from a turn that a filter ends with the result of a function.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_turn_that_a_filter_ends(bool streamed)
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Ct);
        await using var application = await Application.StartAsync(mlflow.Endpoint);

        var (theirs, ours) = (await AskAsync(KernelStacks.Theirs(application), streamed), await AskAsync(KernelStacks.Ours(application), streamed));

        Assert.Equal(("tool", "Paris: 17 C"), theirs);
        Assert.Equal(theirs, ours);
    }

    /// <summary>Without what means the same: another name of the limit, another letter in a function's name, another name of a schema that has none, and what is not strict anyway.</summary>
    private static JsonObject Comparable(JsonNode request)
    {
        var body = request.AsObject();
        if (body.Remove("max_completion_tokens", out var most))
        {
            body["max_tokens"] = most;
        }

        foreach (var function in (body["tools"] as JsonArray ?? []).Select(tool => tool!["function"]!.AsObject()))
        {
            function["name"] = ((string)function["name"]!).Replace("weather-", "weather_", StringComparison.Ordinal);
            if ((bool?)function["strict"] is false)
            {
                function.Remove("strict");
            }
        }

        if (body["response_format"]?["json_schema"] is JsonObject format)
        {
            format["name"] = (string?)format["name"] is "JsonSchema" ? "answer" : (string?)format["name"];
            format["schema"]!.AsObject().Remove("$schema");
        }

        return body;
    }

    private static async Task<(string? Role, string? Text)> AskAsync(Kernel kernel, bool streamed)
    {
        kernel.AutoFunctionInvocationFilters.Add(new Ending());
        var chat = kernel.GetRequiredService<IChatCompletionService>();
        if (!streamed)
        {
            var answer = await chat.GetChatMessageContentAsync("How is the weather in Paris?", _settings, kernel, Ct);
            return (answer.Role.Label, answer.Content);
        }

        var pieces = await chat.GetStreamingChatMessageContentsAsync("How is the weather in Paris?", _settings, kernel, Ct).ToListAsync(Ct);
        return (pieces[^1].Role?.Label, string.Concat(pieces.Select(piece => piece.Content)));
    }

    internal sealed record Place(string City);

    private sealed class Ending : IAutoFunctionInvocationFilter
    {
        public async Task OnAutoFunctionInvocationAsync(AutoFunctionInvocationContext context, Func<AutoFunctionInvocationContext, Task> next)
        {
            await next(context);
            context.Terminate = true;
        }
    }
}
