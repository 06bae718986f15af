namespace LlamaStack.SemanticKernel;

/// <summary>
/// Names of attributes in the kernel's own words, as its metrics have them:
/// <see href="https://learn.microsoft.com/semantic-kernel/concepts/enterprise-readiness/observability/"/>.
/// </summary>
internal static class SemanticKernelAttributes
{
    /// <summary>Not the kernel's own: on the span of a function that a filter kept from running.</summary>
    public const string Filtered = "semantic_kernel.function.filtered";

    public const string PluginName = "semantic_kernel.plugin.name";
}
