using System.Text.Json.Nodes;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>All forms of <see cref="FunctionChoiceBehavior"/>, by what the server is asked and what runs.</summary>
public sealed class FunctionChoiceTests
{
    public static TheoryData<string, Func<Kernel, FunctionChoiceBehavior?>, string?, string[], bool?> Forms => new()
    {
        { "none given", _ => null, null, [], null },
        { "auto, all functions", _ => FunctionChoiceBehavior.Auto(), "auto", ["weather_get_weather", "weather_get_wind", "weather_get_storm"], null },
        { "auto, some functions", kernel => FunctionChoiceBehavior.Auto([Weather(kernel)]), "auto", ["weather_get_weather"], null },
        { "auto, no functions", _ => FunctionChoiceBehavior.Auto([]), null, [], null },
        { "auto, not invoked by the kernel", kernel => FunctionChoiceBehavior.Auto([Weather(kernel)], autoInvoke: false), "auto", ["weather_get_weather"], null },
        { "auto, one call at a time", kernel => FunctionChoiceBehavior.Auto([Weather(kernel)], options: new() { AllowParallelCalls = false }), "auto", ["weather_get_weather"], false },
        { "auto, in parallel and at once", kernel => FunctionChoiceBehavior.Auto([Weather(kernel)], options: new() { AllowParallelCalls = true, AllowConcurrentInvocation = true }), "auto", ["weather_get_weather"], true },
        { "required", kernel => FunctionChoiceBehavior.Required([Weather(kernel)]), "required", ["weather_get_weather"], null },
        { "required, not invoked by the kernel", kernel => FunctionChoiceBehavior.Required([Weather(kernel)], autoInvoke: false), "required", ["weather_get_weather"], null },
        { "none", kernel => FunctionChoiceBehavior.None([Weather(kernel)]), "none", ["weather_get_weather"], null },
    };

    [Theory]
    [MemberData(nameof(Forms), DisableDiscoveryEnumeration = true)]
    public async Task What_the_server_is_asked(string name, Func<Kernel, FunctionChoiceBehavior?> behavior, string? choice, string[] tools, bool? parallel)
    {
        var server = new StubServer().Says("Hello.");
        var kernel = server.Kernel();
        await kernel.InvokePromptAsync("Hi", new(new PromptExecutionSettings { FunctionChoiceBehavior = behavior(kernel) }), cancellationToken: Ct);

        var request = server.Requests.Single();
        Assert.True((choice, parallel) == ((string?)request["tool_choice"], (bool?)request["parallel_tool_calls"]), $"{name}: {request.ToJsonString()}");
        Assert.Equal(tools, (request["tools"] as JsonArray ?? []).Select(tool => (string?)tool!["function"]!["name"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_required_function_is_asked_for_once(bool streamed)
    {
        var server = new StubServer();
        _ = streamed
            ? server.Events(Streamed("call_1", "weather_get_weather", """{\"city\":\"Rome\"}""")).Events("""{"id":"c-1","choices":[{"index":0,"delta":{"content":"Sun."},"finish_reason":"stop"}]}""")
            : server.Calls(("call_1", "weather_get_weather", """{"city":"Rome"}""")).Says("Sun.");
        var kernel = server.Kernel();
        var arguments = new KernelArguments(new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Required([Weather(kernel)]) });
        Assert.Equal("Sun.", streamed
            ? await kernel.InvokePromptStreamingAsync("Weather?", arguments, cancellationToken: Ct).TextAsync()
            : (await kernel.InvokePromptAsync("Weather?", arguments, cancellationToken: Ct)).ToString());

        Assert.Equal(["required", null], server.Requests.Select(request => (string?)request["tool_choice"]));
    }

    [Fact]
    public async Task Functions_that_run_at_once_each_get_their_own_arguments()
    {
        var server = new StubServer()
            .Calls(("call_1", "weather_get_weather", """{"city":"Rome"}"""), ("call_2", "weather_get_weather", """{"city":"Oslo"}"""))
            .Says("Sun.");
        var settings = new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(options: new() { AllowConcurrentInvocation = true }) };
        await server.Kernel().InvokePromptAsync("Weather?", new(settings), cancellationToken: Ct);

        Assert.Equal(
            [("call_1", "Rome: 17 C"), ("call_2", "Oslo: 17 C")],
            server.Requests[1]["messages"]!.AsArray().Where(message => (string?)message!["role"] == "tool").Select(message => ((string)message!["tool_call_id"]!, (string)message["content"]!)));
    }

    [Fact]
    public async Task A_caller_who_runs_functions_himself_sends_their_results_back()
    {
        var server = new StubServer().Calls(("call_1", "weather_get_weather", """{"city":"Rome"}""")).Says("Sun.");
        var kernel = server.Kernel();
        var chat = kernel.GetRequiredService<IChatCompletionService>();
        var settings = new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(autoInvoke: false) };
        var history = new ChatHistory("Weather?");
        var asked = await chat.GetChatMessageContentAsync(history, settings, kernel, Ct);
        history.Add(asked);
        foreach (var call in FunctionCallContent.GetFunctionCalls(asked))
        {
            history.Add((await call.InvokeAsync(kernel, Ct)).ToChatMessage());
        }

        Assert.Equal("Sun.", (await chat.GetChatMessageContentAsync(history, settings, kernel, Ct)).Content);
        var told = server.Requests[1]["messages"]!.AsArray()[^1]!;
        Assert.Equal(("tool", "call_1", "Rome: 17 C"), ((string)told["role"]!, (string)told["tool_call_id"]!, (string)told["content"]!));
    }

    private static KernelFunction Weather(Kernel kernel) => kernel.Plugins[WeatherPlugin.Name]["get_weather"];

    private static string Streamed(string id, string name, string arguments) =>
        $$$"""{"id":"c-0","model":"m-1","choices":[{"index":0,"finish_reason":"tool_calls","delta":{"tool_calls":[{"index":0,"id":"{{{id}}}","type":"function","function":{"name":"{{{name}}}","arguments":"{{{arguments}}}"}}]}}]}""";
}
