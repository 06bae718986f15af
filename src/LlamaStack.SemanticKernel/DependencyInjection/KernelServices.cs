using LlamaStack.Client;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using OpenTelemetry.Trace;

namespace LlamaStack.SemanticKernel;

/// <summary>What a kernel finds in the services of an application.</summary>
internal sealed record KernelServices(IServiceCollection Services) : IKernelBuilder, IKernelBuilderPlugins
{
    public IKernelBuilderPlugins Plugins => this;

    /// <summary>Registers the chat services of a server, and the filters once for all servers.</summary>
    public static void Add(ILlamaStackBuilder server)
    {
        var (services, name, http) = (server.Services, server.Name, server.Http.Name);
        if (name.Length == 0)
        {
            const string Key = LlamaStackKernelBuilderExtensions.ServiceId;
            services.TryAddKeyedSingleton<IChatClient>(Key, (provider, _) => CreateClient(provider, ClientOf(provider, name).AsIChatClient(), http));
            services.TryAddKeyedSingleton<IChatCompletionService>(Key, static (provider, key) => CreateService(provider, provider.GetRequiredKeyedService<IChatClient>(key)));
            services.TryAddSingleton<IChatCompletionService>(static provider => provider.GetRequiredKeyedService<IChatCompletionService>(Key));
        }
        else
        {
            // The name is the key of the application's own chat client already.
            services.TryAddKeyedSingleton<IChatCompletionService>(
                name, (provider, _) => CreateService(provider, CreateClient(provider, ClientOf(provider, name).AsIChatClient(), http)));
        }

        AddTracing(services, http);
    }

    /// <summary>Registers one model of a server by its service id; without an id as the default service, while the application's own chat client stays what it is.</summary>
    public static void AddModel(ILlamaStackBuilder server, string model, string? serviceId)
    {
        var (services, name, http) = (server.Services, server.Name, server.Http.Name);
        if (serviceId is not null)
        {
            services.AddKeyedSingleton<IChatClient>(serviceId, (provider, _) => CreateClient(provider, ClientOf(provider, name).AsIChatClient(model), http));
        }

        services.AddKeyedSingleton<IChatCompletionService>(serviceId, (provider, _) => CreateService(
            provider,
            serviceId is null ? CreateClient(provider, ClientOf(provider, name).AsIChatClient(model), http) : provider.GetRequiredKeyedService<IChatClient>(serviceId)));
        AddTracing(services, http);
    }

    public static LlamaStackClient ClientOf(IServiceProvider provider, string server) =>
        server.Length == 0 ? provider.GetRequiredService<LlamaStackClient>() : provider.GetRequiredKeyedService<LlamaStackClient>(server);

    private static void AddTracing(IServiceCollection services, string http)
    {
        if (services.Any(static service => service.ServiceType == typeof(FunctionTracing)))
        {
            return;
        }

        // First of all filters, and so outside them: what another one keeps from running is seen, too.
        services.Insert(0, ServiceDescriptor.Singleton<IFunctionInvocationFilter, FunctionTracing>(Tracing));
        services.Insert(0, ServiceDescriptor.Singleton<IPromptRenderFilter, FunctionTracing>(Tracing));
        services.Insert(0, ServiceDescriptor.Singleton<IAutoFunctionInvocationFilter, FunctionTracing>(Tracing));
        services.AddSingleton(provider =>
        {
            // Without a host nobody starts the provider, and functions may run before the first call of a model: the first kernel starts it.
            _ = provider.GetService<TracerProvider>();
            return new FunctionTracing(KeepsContent(provider, http));
        });

        static FunctionTracing Tracing(IServiceProvider provider) => provider.GetRequiredService<FunctionTracing>();
    }

    private static IChatClient CreateClient(IServiceProvider provider, IChatClient client, string http) => client.AsBuilder()
        .Use(inner => new TurnChatClient(inner, KeepsContent(provider, http)))
        .UseKernelFunctionInvocation()
        .Use(inner => new ExchangeChatClient(inner, KeepsContent(provider, http)))
        .Build(provider);

    private static KernelChatService CreateService(IServiceProvider provider, IChatClient client) => new KernelChatService(client.AsChatCompletionService(provider));

    private static bool KeepsContent(IServiceProvider provider, string http) =>
        provider.GetRequiredService<IOptionsMonitor<GenAIInstrumentationOptions>>().Get(http).ContentCapture is ContentCapture.Full or ContentCapture.Redacted;
}
