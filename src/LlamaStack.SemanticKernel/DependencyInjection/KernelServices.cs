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
            services.TryAddKeyedSingleton<IChatClient>(Key, (provider, _) => CreateClient(provider, provider.GetRequiredService<LlamaStackClient>(), http));
            services.TryAddKeyedSingleton<IChatCompletionService>(Key, static (provider, key) => CreateService(provider, provider.GetRequiredKeyedService<IChatClient>(key)));
            services.TryAddSingleton<IChatCompletionService>(static provider => provider.GetRequiredKeyedService<IChatCompletionService>(Key));
        }
        else
        {
            // The name is the key of the application's own chat client already.
            services.TryAddKeyedSingleton<IChatCompletionService>(
                name, (provider, key) => CreateService(provider, CreateClient(provider, provider.GetRequiredKeyedService<LlamaStackClient>(key), http)));
        }

        AddTracing(services, http);
    }

    private static void AddTracing(IServiceCollection services, string http)
    {
        services.TryAddSingleton(provider =>
        {
            // Without a host nobody starts the provider, and functions may run before the first call of a model: the first kernel starts it.
            _ = provider.GetService<TracerProvider>();
            return new FunctionTracing(KeepsContent(provider, http));
        });
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IFunctionInvocationFilter, FunctionTracing>(Tracing));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPromptRenderFilter, FunctionTracing>(Tracing));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IAutoFunctionInvocationFilter, FunctionTracing>(Tracing));

        static FunctionTracing Tracing(IServiceProvider provider) => provider.GetRequiredService<FunctionTracing>();
    }

    private static IChatClient CreateClient(IServiceProvider provider, LlamaStackClient client, string http) => client.AsIChatClient().AsBuilder()
        .Use(inner => new TurnChatClient(inner, KeepsContent(provider, http)))
        .UseKernelFunctionInvocation()
        .Use(static inner => new ExchangeChatClient(inner))
        .Build(provider);

    private static KernelChatService CreateService(IServiceProvider provider, IChatClient client) => new KernelChatService(client.AsChatCompletionService(provider));

    private static bool KeepsContent(IServiceProvider provider, string http) =>
        provider.GetRequiredService<IOptionsMonitor<GenAIInstrumentationOptions>>().Get(http).ContentCapture is ContentCapture.Full or ContentCapture.Redacted;
}
