using LlamaStack.Client;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers clients of LlamaStack servers.</summary>
#pragma warning disable RS0026 // The two overloads differ in a required parameter: no call fits both.
public static class LlamaStackServiceCollectionExtensions
{
    /// <summary>Registers the client of the application's LlamaStack server: <see cref="LlamaStackClient"/>, and over it <see cref="IChatClient"/> and
    /// <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> unless the application has its own.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Settings in code; they win over the configuration section <c>LlamaStack</c>, which wins over the environment.</param>
    /// <returns>A builder for what else the client should do.</returns>
    /// <exception cref="OptionsValidationException">At the start of the host, or on first use: a setting is wrong; the message says which.</exception>
    /// <remarks>A second call adds its settings and nothing else. A chat client that runs functions:
    /// <c>services.AddChatClient(provider =&gt; provider.GetRequiredService&lt;LlamaStackClient&gt;().AsIChatClient()).UseFunctionInvocation()</c>.</remarks>
    public static ILlamaStackBuilder AddLlamaStack(this IServiceCollection services, Action<LlamaStackClientOptions>? configure = null) =>
        Add(services, Options.Options.DefaultName, configure);

    /// <summary>Registers the client of one of several LlamaStack servers; all its services are keyed by the name.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="name">The server's name in the application, for <c>[FromKeyedServices]</c> and in the configuration.</param>
    /// <param name="configure">Settings in code; they win over the configuration section <c>LlamaStack:Servers:{name}</c>. Environment variables are for
    /// the unnamed server only.</param>
    /// <returns>A builder for what else the client should do.</returns>
    /// <exception cref="OptionsValidationException">At the start of the host, or on first use: a setting is wrong; the message says which.</exception>
    /// <remarks>A second call with the same name adds its settings and nothing else.</remarks>
    public static ILlamaStackBuilder AddLlamaStack(this IServiceCollection services, string name, Action<LlamaStackClientOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return Add(services, name, configure);
    }

    private static LlamaStackBuilder Add(IServiceCollection services, string name, Action<LlamaStackClientOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        var http = services.AddHttpClient(HttpName(name));
        if (!services.Any(service => service.ImplementationInstance is Registration registration && registration.Name == name))
        {
            services.AddSingleton(new Registration(name));
            AddOptions(services, name);
            AddHttp(http, name);
            AddClients(services, name);
        }

        if (configure is not null)
        {
            services.Configure(name, configure);
        }

        return new LlamaStackBuilder(name, services, http);
    }

    private static void AddOptions(IServiceCollection services, string name)
    {
        services.AddOptionsWithValidateOnStart<LlamaStackClientOptions>(name)
            .Configure<IServiceProvider>((options, provider) => Settings.Read(options, name, provider.GetService<IConfiguration>()))
            .PostConfigure(Settings.DropBlanks);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LlamaStackClientOptions>, LlamaStackClientOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LlamaStackClientOptions>, LlamaStackClientOptionsRules>());
    }

    private static void AddHttp(IHttpClientBuilder http, string name) => http
        .ConfigureHttpClient((provider, client) => ServerHttp.Configure(client, OptionsOf(provider, name)))
        .ConfigurePrimaryHttpMessageHandler(provider => new StaleConnectionHandler(ServerHttp.CreateHandler(OptionsOf(provider, name))))
        .RedactLoggedHeaders(static _ => true);

    private static void AddClients(IServiceCollection services, string name)
    {
        if (name.Length == 0)
        {
            services.TryAddTransient(static provider => CreateClient(provider, Options.Options.DefaultName));
            services.TryAddSingleton(static provider => provider.GetRequiredService<LlamaStackClient>().AsIChatClient());
            services.TryAddSingleton(static provider => provider.GetRequiredService<LlamaStackClient>().AsIEmbeddingGenerator());
        }
        else
        {
            services.TryAddKeyedTransient(name, (provider, _) => CreateClient(provider, name));
            services.TryAddKeyedSingleton(name, static (provider, key) => provider.GetRequiredKeyedService<LlamaStackClient>(key).AsIChatClient());
            services.TryAddKeyedSingleton(name, static (provider, key) => provider.GetRequiredKeyedService<LlamaStackClient>(key).AsIEmbeddingGenerator());
        }
    }

    private static LlamaStackClient CreateClient(IServiceProvider provider, string name) => new(
        provider.GetRequiredService<IHttpClientFactory>().CreateClient(HttpName(name)),
        OptionsOf(provider, name),
        name,
        provider.GetService<TimeProvider>() ?? TimeProvider.System);

    private static LlamaStackClientOptions OptionsOf(IServiceProvider provider, string name) =>
        provider.GetRequiredService<IOptionsMonitor<LlamaStackClientOptions>>().Get(name);

    private static string HttpName(string name) => name.Length == 0 ? "LlamaStack" : $"LlamaStack:{name}";

    /// <summary>The mark that a server is registered.</summary>
    private sealed record Registration(string Name);
}
