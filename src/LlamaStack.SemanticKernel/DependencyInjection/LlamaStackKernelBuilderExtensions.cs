using LlamaStack.Client;
using LlamaStack.SemanticKernel;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.SemanticKernel.ChatCompletion;

namespace Microsoft.SemanticKernel;

/// <summary>Offers a LlamaStack server to a Semantic Kernel that is built by hand.</summary>
public static class LlamaStackKernelBuilderExtensions
{
    /// <summary>The service id of the unnamed server, for <see cref="PromptExecutionSettings.ServiceId"/>, and the key of the chat client that runs the kernel's
    /// functions.</summary>
    public const string ServiceId = "LlamaStack";

    /// <summary>
    /// Registers a LlamaStack server as the kernel's <see cref="IChatCompletionService"/>, <see cref="IChatClient"/> and
    /// <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>, and filters that make spans of the kernel's functions and prompts.
    /// </summary>
    /// <param name="builder">From <see cref="Kernel.CreateBuilder"/> or <c>services.AddKernel()</c>.</param>
    /// <param name="configure">Settings in code; they win over the configuration section <c>LlamaStack</c>, which wins over the environment.</param>
    /// <returns>A builder for what else the client should do, <c>WithMlflowTracing()</c> above all.</returns>
    /// <remarks>
    /// <para>The kernel's <see cref="IChatClient"/> runs the kernel's functions, unless one was registered before.</para>
    /// <para>No host is needed: tracing starts when the kernel is built. At the end of the program
    /// <c>kernel.GetRequiredService&lt;TracerProvider&gt;().ForceFlush(5_000)</c> sends what still waits.</para>
    /// </remarks>
    public static ILlamaStackBuilder AddLlamaStack(this IKernelBuilder builder, Action<LlamaStackClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton<IChatClient>(static provider => provider.GetRequiredKeyedService<IChatClient>(ServiceId));
        var server = builder.Services.AddLlamaStack(configure);
        KernelServices.Add(server);
        return server;
    }
}
