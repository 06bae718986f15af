using LlamaStack.SemanticKernel;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Offers a LlamaStack server to a Semantic Kernel in an application's services.</summary>
public static class SemanticKernelLlamaStackBuilderExtensions
{
    /// <summary>
    /// Registers a transient <see cref="Kernel"/> whose prompts go to this server, <see cref="IChatCompletionService"/> for direct calls, and filters that make
    /// spans of the kernel's functions and prompts. Embeddings are there already: <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>.
    /// </summary>
    /// <param name="builder">What <c>AddLlamaStack()</c> returned.</param>
    /// <param name="configure">Adds plugins and whatever else the kernel needs; it shares the application's services.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// <para>The application's own <see cref="IChatClient"/> stays what it is and runs no functions. The one that runs the kernel's functions has the key
    /// <see cref="LlamaStackKernelBuilderExtensions.ServiceId"/>; the kernel's prompts use it by themselves.</para>
    /// <para>A server with a name has its name as service id: <c>new PromptExecutionSettings { ServiceId = "gpu" }</c>.</para>
    /// <para>Spans are recorded once <c>WithMlflowTracing()</c> is called too, before or after. Calling this twice is harmless.</para>
    /// </remarks>
    public static ILlamaStackBuilder WithSemanticKernel(this ILlamaStackBuilder builder, Action<IKernelBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddTransient<KernelPluginCollection>();
        builder.Services.TryAddTransient<Kernel>();
        KernelServices.Add(builder);
        configure?.Invoke(new KernelServices(builder.Services));
        return builder;
    }
}
