using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.Connectors.OpenAI;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>Prompt execution settings, and the JSON that reaches the server for them.</summary>
public sealed class SettingsTests
{
    private const string Nothing = """{"model":"m-1","messages":[{"role":"user","content":"Hi"}]}""";

    private const string Schema = """{"type":"object","properties":{"city":{"type":"string"}}}""";

    public static TheoryData<string, PromptExecutionSettings?, string> Cases => new()
    {
        { "none", null, "{}" },
        { "an empty one", new PromptExecutionSettings(), "{}" },
        { "a model", new PromptExecutionSettings { ModelId = "m-2" }, """{"model":"m-2"}""" },
        { "temperature", Extension("temperature", 0.7), """{"temperature":0.7}""" },
        { "top_p", Extension("top_p", 0.25), """{"top_p":0.25}""" },
        { "max_tokens", Extension("max_tokens", 64), """{"max_tokens":64}""" },
        { "max_completion_tokens", Extension("max_completion_tokens", 64), """{"max_completion_tokens":64}""" },
        { "stop_sequences", Extension("stop_sequences", (string[])["END", "STOP"]), """{"stop":["END","STOP"]}""" },
        { "stop", Extension("stop", (string[])["END"]), """{"stop":["END"]}""" },
        { "seed", Extension("seed", 7), """{"seed":7}""" },
        { "frequency_penalty", Extension("frequency_penalty", 0.5), """{"frequency_penalty":0.5}""" },
        { "presence_penalty", Extension("presence_penalty", -0.5), """{"presence_penalty":-0.5}""" },
        { "top_k", Extension("top_k", 40), """{"top_k":40}""" },
        { "reasoning_effort", Extension("reasoning_effort", "low"), """{"reasoning_effort":"low"}""" },
        { "a system prompt", Extension("chat_system_prompt", "Be brief."), """{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]}""" },
        { "a format's word", Extension("response_format", "json_object"), """{"response_format":{"type":"json_object"}}""" },
        { "a plain format", Extension("response_format", "text"), "{}" },
        { "a format as a schema", Extension("response_format", JsonElement.Parse(Schema)), Format("answer", Schema) },
        { "a format as it stands on the wire", Extension("response_format", JsonElement.Parse(WireFormat)), $$"""{"response_format": {{WireFormat}} }""" },
        { "a format as a JSON node", Extension("response_format", JsonNode.Parse(WireFormat)!), $$"""{"response_format": {{WireFormat}} }""" },
        { "a format as a type", Extension("response_format", typeof(Place)), FormatOfType },
        { "a format as a type in settings of the OpenAI connector", new OpenAIPromptExecutionSettings { ResponseFormat = typeof(Place) }, FormatOfType },
        { "a format of Microsoft.Extensions.AI in settings of the OpenAI connector", new OpenAIPromptExecutionSettings { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse(Schema), "place") }, Format("place", Schema) },
        { "a format of Microsoft.Extensions.AI", Extension("response_format", ChatResponseFormat.ForJsonSchema(JsonElement.Parse(Schema), "place")), Format("place", Schema) },
        { "JSON of Microsoft.Extensions.AI", Extension("response_format", ChatResponseFormat.Json), """{"response_format":{"type":"json_object"}}""" },
        { "members that nobody knows", Extension("guided_choice", (string[])["yes", "no"]), """{"guided_choice":["yes","no"]}""" },
        { "an object that nobody knows", Extension("chat_template_kwargs", new JsonObject { ["thinking"] = true }), """{"chat_template_kwargs":{"thinking":true}}""" },
        {
            "those of the OpenAI connector",
            new OpenAIPromptExecutionSettings { Temperature = 0.5, TopP = 0.75, MaxTokens = 9, StopSequences = ["X"], Seed = 3, FrequencyPenalty = 1, PresencePenalty = -1, User = "ada", ResponseFormat = "json_object" },
            """{"temperature":0.5,"top_p":0.75,"max_tokens":9,"stop":["X"],"seed":3,"frequency_penalty":1,"presence_penalty":-1,"user":"ada","response_format":{"type":"json_object"}}"""
        },
    };

    /// <summary>With the name that the member has: so it is read again by default.</summary>
    private const string FormatOfType = """
        {"response_format":{"type":"json_schema","json_schema":{"name":"Place","strict":true,"schema":
         {"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"City":{"type":"string"}},"required":["City"],"additionalProperties":false} } } }
        """;

    private const string WireFormat = """{"type":"json_schema","json_schema":{"name":"place","strict":true,"schema":""" + Schema + "}}";

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public async Task Settings_reach_the_server(string name, PromptExecutionSettings? settings, string expected)
    {
        var server = new StubServer().Says("Hello.");
        await server.Kernel().InvokePromptAsync("Hi", settings is null ? null : new(settings), cancellationToken: Ct);
        var request = JsonNode.Parse(Nothing)!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(expected)!.AsObject())
        {
            request[key] = value?.DeepClone();
        }

        JsonAssert.Equal(name, request, Assert.Single(server.Requests));
    }

    [Fact]
    public async Task A_streamed_prompt_asks_for_its_usage_too()
    {
        var server = new StubServer().Events("""{"id":"c-1","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}""");
        await server.Kernel().InvokePromptStreamingAsync("Hi", new(Extension("temperature", 0.5)), cancellationToken: Ct).TextAsync();
        JsonAssert.Equal(
            "stream",
            JsonNode.Parse("""{"model":"m-1","messages":[{"role":"user","content":"Hi"}],"temperature":0.5,"stream":true,"stream_options":{"include_usage":true}}""")!,
            server.Requests.Single());
    }

    [Theory]
    [InlineData("auto", "auto")]
    [InlineData("required", "required")]
    [InlineData("none", "none")]
    public async Task The_choice_of_functions_reaches_the_server(string choice, string expected)
    {
        var server = new StubServer().Says("Hello.");
        FunctionChoiceBehavior Choose(KernelFunction function) => choice switch
        {
            "auto" => FunctionChoiceBehavior.Auto([function], options: new() { AllowParallelCalls = true }),
            "required" => FunctionChoiceBehavior.Required([function]),
            _ => FunctionChoiceBehavior.None([function]),
        };
        var kernel = server.Kernel();
        await kernel.InvokePromptAsync("Hi", new(new PromptExecutionSettings { FunctionChoiceBehavior = Choose(kernel.Plugins[WeatherPlugin.Name]["get_weather"]) }), cancellationToken: Ct);

        var request = server.Requests.Single();
        Assert.Equal(expected, (string?)request["tool_choice"]);
        Assert.Equal(choice == "auto" ? true : null, (bool?)request["parallel_tool_calls"]);
        var tool = Assert.Single(request["tools"]!.AsArray())!["function"]!;
        Assert.Equal(("weather_get_weather", "Tells the weather in a city."), ((string?)tool["name"], (string?)tool["description"]));
        JsonAssert.Equal("parameters", JsonNode.Parse("""{"city":{"type":"string"}}""")!, tool["parameters"]!["properties"]!);
    }

    [Fact]
    public async Task Functions_that_the_caller_wants_to_run_himself_are_not_run()
    {
        var server = new StubServer().Calls(("call_1", "weather_get_weather", """{"city":"Paris"}"""));
        var kernel = server.Kernel();
        var settings = new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(autoInvoke: false) };
        var answer = await kernel.InvokePromptAsync<ChatMessageContent>("Hi", new(settings), cancellationToken: Ct);

        Assert.Single(server.Requests);
        Assert.Equal("weather_get_weather", Assert.Single(answer!.Items.OfType<Microsoft.SemanticKernel.FunctionCallContent>()).FunctionName);
    }

    [Fact]
    public async Task Settings_of_the_caller_are_not_changed()
    {
        var settings = Extension("response_format", typeof(Place));
        settings.FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(options: new() { AllowStrictSchemaAdherence = true });
        var theirs = new OpenAIPromptExecutionSettings { ResponseFormat = typeof(Place), ChatSystemPrompt = "Be brief." };
        var kernel = new StubServer().Says("{}").Says("{}").Kernel();
        await kernel.InvokePromptAsync("Hi", new(settings), cancellationToken: Ct);
        await kernel.InvokePromptAsync("Hi", new(theirs), cancellationToken: Ct);
        Assert.Equal(typeof(Place), Assert.Single(settings.ExtensionData!).Value);
        Assert.Equal(typeof(Place), theirs.ResponseFormat);
    }

    [Fact]
    public async Task Settings_that_only_the_OpenAI_connector_understands_are_refused()
    {
        var kernel = new StubServer().Kernel();
        var tools = await Assert.ThrowsAsync<NotSupportedException>(() => kernel.InvokePromptAsync("Hi", new(new OpenAIPromptExecutionSettings { ToolCallBehavior = ToolCallBehavior.AutoInvokeKernelFunctions }), cancellationToken: Ct));
        var format = await Assert.ThrowsAsync<NotSupportedException>(() => kernel.InvokePromptAsync("Hi", new(new OpenAIPromptExecutionSettings { ResponseFormat = OpenAI.Chat.ChatResponseFormat.CreateJsonObjectFormat() }), cancellationToken: Ct));
        Assert.Contains("FunctionChoiceBehavior", tools.Message, StringComparison.Ordinal);
        Assert.Contains("response_format", format.Message, StringComparison.Ordinal);
    }

    private static string Format(string name, string schema) =>
        $$"""{"response_format": {"type":"json_schema","json_schema": {"name":"{{name}}","schema": {{schema}} } } }""";

    private static PromptExecutionSettings Extension(string key, object value) => new() { ExtensionData = new Dictionary<string, object> { [key] = value } };

    internal sealed record Place(string City);
}
