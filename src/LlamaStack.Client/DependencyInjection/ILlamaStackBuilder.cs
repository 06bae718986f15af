namespace Microsoft.Extensions.DependencyInjection;

/// <summary>What <c>AddLlamaStack()</c> has registered, for further calls to extend.</summary>
public interface ILlamaStackBuilder
{
    /// <summary>Gets the server's name; empty (<c>Options.DefaultName</c>) for the unnamed one.</summary>
    string Name { get; }

    /// <summary>Gets the application's services.</summary>
    IServiceCollection Services { get; }

    /// <summary>Gets the pipeline of the one HttpClient that talks to the server.</summary>
    IHttpClientBuilder Http { get; }
}

internal sealed record LlamaStackBuilder(string Name, IServiceCollection Services, IHttpClientBuilder Http) : ILlamaStackBuilder;
