namespace LlamaStack.SemanticKernel;

/// <summary>
/// What spans of functions carry of the semantic conventions for generative AI, v1.41:
/// <see href="https://github.com/open-telemetry/semantic-conventions/tree/v1.41.0/docs/gen-ai"/>.
/// </summary>
internal static class GenAIAttributes
{
    public static class Operation
    {
        public const string Name = "gen_ai.operation.name";
    }

    public static class Tool
    {
        public const string CallId = "gen_ai.tool.call.id";
        public const string Name = "gen_ai.tool.name";
    }

    /// <summary>Values of <see cref="Operation.Name"/>.</summary>
    public static class OperationValue
    {
        public const string ExecuteTool = "execute_tool";
        public const string InvokeAgent = "invoke_agent";
        public const string InvokeWorkflow = "invoke_workflow";
    }
}
