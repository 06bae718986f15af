using LlamaStack.Client;
using LlamaStack.SemanticKernel;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.VectorData;
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

    /// <summary>Registers one more model of a LlamaStack server as an <see cref="IChatCompletionService"/>, and as an <see cref="IChatClient"/> that runs the kernel's
    /// functions.</summary>
    /// <param name="builder">From <see cref="Kernel.CreateBuilder"/>, <c>services.AddKernel()</c> or <c>WithSemanticKernel(kernel => …)</c>.</param>
    /// <param name="modelId">The model, by the name that the server lists. A prompt is sent to it by <see cref="PromptExecutionSettings.ModelId"/>, too.</param>
    /// <param name="serviceId">The id for <see cref="PromptExecutionSettings.ServiceId"/>. A prompt that says neither id nor model goes, by the kernel's own rule, to the
    /// model that was registered last.</param>
    /// <param name="server">The name that the server has in <c>AddLlamaStack(name)</c>; the unnamed one if omitted.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>The server is registered by this, too; address and whatever else it needs come from configuration, or from <c>AddLlamaStack(options => …)</c> beside it.</remarks>
    public static IKernelBuilder AddLlamaStackChatCompletion(this IKernelBuilder builder, string modelId, string? serviceId = null, string? server = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(modelId);
        KernelServices.AddModel(Server(builder, server), modelId, serviceId);
        return builder;
    }

    /// <summary>Registers one more embedding model of a LlamaStack server as an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>.</summary>
    /// <param name="builder">From <see cref="Kernel.CreateBuilder"/>, <c>services.AddKernel()</c> or <c>WithSemanticKernel(kernel => …)</c>.</param>
    /// <param name="modelId">The model, by the name that the server lists.</param>
    /// <param name="serviceId">The key of the generator. Without one it is the default generator from now on.</param>
    /// <param name="server">The name that the server has in <c>AddLlamaStack(name)</c>; the unnamed one if omitted.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>The server is registered by this, too; address and whatever else it needs come from configuration, or from <c>AddLlamaStack(options => …)</c> beside it.</remarks>
    public static IKernelBuilder AddLlamaStackEmbeddingGenerator(this IKernelBuilder builder, string modelId, string? serviceId = null, string? server = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(modelId);
        var name = Server(builder, server).Name;
        builder.Services.AddKeyedSingleton(serviceId, (provider, _) => KernelServices.ClientOf(provider, name).AsIEmbeddingGenerator(modelId));
        return builder;
    }

    /// <summary>Registers a vector store of a LlamaStack server as an <see cref="IVectorSearchable{TRecord}"/> of <see cref="VectorStoreDocument"/>.</summary>
    /// <param name="builder">From <see cref="Kernel.CreateBuilder"/>, <c>services.AddKernel()</c> or <c>WithSemanticKernel(kernel => …)</c>.</param>
    /// <param name="vectorStoreId">The store's id: <c>vs_…</c>.</param>
    /// <param name="serviceId">The key of the search. Without one it is the default search from now on.</param>
    /// <param name="server">The name that the server has in <c>AddLlamaStack(name)</c>; the unnamed one if omitted.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>The kernel's own <c>AddVectorStoreTextSearch&lt;VectorStoreDocument&gt;()</c> makes a text search of it, and that a plugin
    /// (<c>CreateWithGetTextSearchResults</c>) which the model may call.</remarks>
    public static IKernelBuilder AddLlamaStackVectorStore(this IKernelBuilder builder, string vectorStoreId, string? serviceId = null, string? server = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(vectorStoreId);
        var name = Server(builder, server).Name;
        builder.Services.AddKeyedSingleton(serviceId, (provider, _) => KernelServices.ClientOf(provider, name).AsVectorSearchable(vectorStoreId));
        return builder;
    }

    private static ILlamaStackBuilder Server(IKernelBuilder builder, string? name) =>
        name is null ? builder.Services.AddLlamaStack() : builder.Services.AddLlamaStack(name);
}
