using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>Several models of a server, each with an id of its own.</summary>
public sealed class ModelTests
{
    public static TheoryData<string, PromptExecutionSettings?, string> Choices => new()
    {
        // The kernel's own rule: the last one that was registered.
        { "nothing", null, "m-small" },
        { "empty settings", new PromptExecutionSettings(), "m-small" },
        { "a service id", new PromptExecutionSettings { ServiceId = "big" }, "m-big" },
        { "another one", new PromptExecutionSettings { ServiceId = "small" }, "m-small" },
        { "ours", new PromptExecutionSettings { ServiceId = LlamaStackKernelBuilderExtensions.ServiceId }, "m-1" },
        { "a model that is registered", new PromptExecutionSettings { ModelId = "m-big" }, "m-big" },
        { "a model that is not", new PromptExecutionSettings { ModelId = "m-other" }, "m-other" },
        { "a service id and a model", new PromptExecutionSettings { ServiceId = "big", ModelId = "m-other" }, "m-other" },
    };

    [Theory]
    [MemberData(nameof(Choices), DisableDiscoveryEnumeration = true)]
    public async Task A_prompt_is_sent_to_the_model_that_it_names(string name, PromptExecutionSettings? settings, string model)
    {
        var server = new StubServer().Says("Hello.");
        var kernel = server.Kernel(builder => builder.AddLlamaStackChatCompletion("m-big", "big").AddLlamaStackChatCompletion("m-small", "small"));
        await kernel.InvokePromptAsync("Hi", settings is null ? null : new(settings), cancellationToken: Ct);
        Assert.True(model == (string?)Assert.Single(server.Requests)["model"], $"{name}: {server.Requests[0]["model"]}");
    }

    [Fact]
    public async Task A_model_without_an_id_is_the_default()
    {
        var server = new StubServer().Says("Hello.").Says("Hello.");
        var kernel = server.Kernel(builder => builder.AddLlamaStackChatCompletion("m-2"));
        await kernel.InvokePromptAsync("Hi", cancellationToken: Ct);
        await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync("Hi", cancellationToken: Ct);
        Assert.Equal(["m-2", "m-2"], server.Requests.Select(request => (string?)request["model"]));
    }

    [Fact]
    public async Task The_chat_client_of_a_model_runs_the_kernels_functions()
    {
        var server = new StubServer().Calls(("call_1", "weather_get_weather", """{"city":"Rome"}""")).Says("Sun.");
        var kernel = server.Kernel(builder => builder.AddLlamaStackChatCompletion("m-big", "big"));
        var settings = new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        var answer = await kernel.GetRequiredService<IChatClient>("big").GetResponseAsync("Weather?", settings.ToChatOptions(kernel), Ct);

        Assert.Equal("Sun.", answer.Messages[^1].Text);
        Assert.Equal(["m-big", "m-big"], server.Requests.Select(request => (string?)request["model"]));
    }

    [Fact]
    public async Task Models_of_a_named_server_are_asked_there()
    {
        var (main, gpu) = (new StubServer(), new StubServer().Says("Hello.").Json("""{"object":"list","model":"e-gpu","data":[{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":1,"total_tokens":1}}"""));
        var kernel = main.Kernel(builder =>
        {
            builder.Services.AddLlamaStack("gpu", options => options.Endpoint = new Uri("http://gpu.test")).Http.ConfigurePrimaryHttpMessageHandler(() => gpu);
            builder.AddLlamaStackChatCompletion("m-gpu", "fast", "gpu").AddLlamaStackEmbeddingGenerator("e-gpu", "fast", "gpu");
        });
        await kernel.InvokePromptAsync("Hi", new(new PromptExecutionSettings { ServiceId = "fast" }), cancellationToken: Ct);
        await kernel.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>("fast").GenerateVectorAsync("Hi", cancellationToken: Ct);

        Assert.Empty(main.Requests);
        Assert.Equal(["m-gpu", "e-gpu"], gpu.Requests.Select(request => (string?)request["model"]));
    }

    [Fact]
    public void A_kernel_needs_nothing_but_a_model()
    {
        var builder = Kernel.CreateBuilder().AddLlamaStackChatCompletion("m-1").AddLlamaStackEmbeddingGenerator("e-1");
        using var services = builder.Services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        Assert.Equal("m-1", services.GetRequiredService<IChatCompletionService>().Attributes["ModelId"]);
        Assert.Equal("e-1", services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId);
        Assert.Single(services.GetServices<IFunctionInvocationFilter>());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void A_model_must_be_named(string? model)
    {
        Assert.ThrowsAny<ArgumentException>(() => Kernel.CreateBuilder().AddLlamaStackChatCompletion(model!));
        Assert.ThrowsAny<ArgumentException>(() => Kernel.CreateBuilder().AddLlamaStackEmbeddingGenerator(model!));
    }
}
