using LlamaStack.Client;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace LlamaStack.SemanticKernel.Tests;

public sealed class RegistrationTests
{
    [Fact]
    public void In_an_application_everything_is_registered_once_however_often_it_is_asked_for()
    {
        var services = new ServiceCollection();
        services.AddLlamaStack().WithSemanticKernel(kernel => kernel.Plugins.AddFromType<WeatherPlugin>("weather"));
        services.AddLlamaStack().WithSemanticKernel();
        using var provider = Build(services);
        using var scope = provider.CreateScope();

        Assert.Single(scope.ServiceProvider.GetServices<Kernel>());
        Assert.Single(provider.GetServices<IChatCompletionService>());
        Assert.Single(provider.GetServices<IChatClient>());
        var kernel = scope.ServiceProvider.GetRequiredService<Kernel>();
        Assert.NotSame(kernel, scope.ServiceProvider.GetRequiredService<Kernel>());
        Assert.Equal(["weather"], kernel.Plugins.Select(plugin => plugin.Name));
        Assert.Single(kernel.FunctionInvocationFilters);
        Assert.Single(kernel.PromptRenderFilters);
        Assert.Single(kernel.AutoFunctionInvocationFilters);
        Assert.NotNull(kernel.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>());
    }

    [Fact]
    public void The_applications_chat_client_stays_what_it_was_and_the_kernels_has_a_key()
    {
        var services = new ServiceCollection();
        services.AddLlamaStack(options => options.Model = "m-1").WithSemanticKernel();
        using var provider = Build(services);

        Assert.Null(provider.GetRequiredService<IChatClient>().GetService<FunctionInvokingChatClient>());
        var kernels = provider.GetRequiredService<Kernel>().GetRequiredService<IChatClient>(LlamaStackKernelBuilderExtensions.ServiceId);
        Assert.NotNull(kernels.GetService<FunctionInvokingChatClient>());
        Assert.Equal("m-1", kernels.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Same(provider.GetRequiredService<IChatCompletionService>(), provider.GetRequiredKeyedService<IChatCompletionService>(LlamaStackKernelBuilderExtensions.ServiceId));
    }

    [Fact]
    public void A_kernel_built_by_hand_has_the_chat_client_that_runs_its_functions()
    {
        var builder = Kernel.CreateBuilder();
        builder.AddLlamaStack(options => options.Endpoint = new Uri("http://one.test"));
        builder.AddLlamaStack(options => options.Model = "m-1");
        var kernel = builder.Build();
        using var services = (ServiceProvider)kernel.Services;

        var client = kernel.GetRequiredService<IChatClient>();
        Assert.Same(client, kernel.GetRequiredService<IChatClient>(LlamaStackKernelBuilderExtensions.ServiceId));
        Assert.NotNull(client.GetService<FunctionInvokingChatClient>());
        var metadata = client.GetService<ChatClientMetadata>()!;
        Assert.Equal(("llama_stack", new Uri("http://one.test/v1/"), "m-1"), (metadata.ProviderName, metadata.ProviderUri, metadata.DefaultModelId));
        Assert.Equal("m-1", kernel.GetRequiredService<IChatCompletionService>().Attributes["ModelId"]);
        Assert.Single(kernel.FunctionInvocationFilters);
        Assert.Single(services.GetServices<IChatCompletionService>());
    }

    [Fact]
    public void What_the_application_has_registered_itself_wins()
    {
        using var client = new ServiceCollection().AddLlamaStack().Services.BuildServiceProvider().GetRequiredService<LlamaStackClient>().AsIChatClient();
        var service = client.AsChatCompletionService();
        var builder = Kernel.CreateBuilder();
        builder.Services.AddSingleton(client).AddSingleton(service);
        builder.AddLlamaStack();
        var kernel = builder.Build();

        Assert.Same(client, kernel.Services.GetRequiredService<IChatClient>());
        Assert.Same(service, kernel.Services.GetRequiredService<IChatCompletionService>());
        Assert.NotSame(service, kernel.GetRequiredService<IChatCompletionService>(LlamaStackKernelBuilderExtensions.ServiceId));
    }

    [Fact]
    public async Task A_named_server_is_chosen_by_its_service_id()
    {
        var main = new StubServer();
        var gpu = new StubServer().Says("From the GPU.");
        var kernel = main.Kernel(builder => builder.Services.AddLlamaStack("gpu", options =>
        {
            options.Endpoint = new Uri("http://gpu.test");
            options.Model = "big";
        }).WithSemanticKernel().Http.ConfigurePrimaryHttpMessageHandler(() => gpu));

        var answer = await kernel.InvokePromptAsync("Hi", new(new PromptExecutionSettings { ServiceId = "gpu" }), cancellationToken: Ct);
        Assert.Equal("From the GPU.", answer.ToString());
        Assert.Equal("big", (string?)gpu.Requests.Single()["model"]);
        Assert.Null(kernel.GetRequiredService<IChatClient>("gpu").GetService<FunctionInvokingChatClient>());
        Assert.Single(kernel.FunctionInvocationFilters);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tracing_and_kernel_go_together_in_a_host_in_either_order(bool tracingFirst)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        var server = builder.Services.AddLlamaStack();
        _ = tracingFirst ? server.WithMlflowTracing(Address).WithSemanticKernel() : server.WithSemanticKernel().WithMlflowTracing(Address);
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true }));
        using var host = builder.Build();
        Assert.NotNull(host.Services.GetRequiredService<Kernel>().GetRequiredService<IChatCompletionService>());

        static void Address(LlamaStack.Mlflow.MlflowTracingOptions options) => options.TrackingUri = new Uri("http://mlflow.test");
    }

    private static ServiceProvider Build(IServiceCollection services) =>
        services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
}
