namespace LlamaStack.SemanticKernel;

/// <summary>What the kernel's own spans carry of the semantic conventions for generative AI: <see href="https://github.com/open-telemetry/semantic-conventions/tree/v1.41.0/docs/gen-ai"/>.</summary>
internal static class GenAIAttributes
{
    public const string OperationName = "gen_ai.operation.name";
    public const string ToolName = "gen_ai.tool.name";
}
