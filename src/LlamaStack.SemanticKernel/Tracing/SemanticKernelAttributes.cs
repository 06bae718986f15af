namespace LlamaStack.SemanticKernel;

/// <summary>
/// Names of attributes in the kernel's own words, as its metrics have them:
/// <see href="https://learn.microsoft.com/semantic-kernel/concepts/enterprise-readiness/observability/"/>.
/// </summary>
internal static class SemanticKernelAttributes
{
    public const string PluginName = "semantic_kernel.plugin.name";
}
