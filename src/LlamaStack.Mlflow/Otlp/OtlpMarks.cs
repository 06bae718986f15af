namespace LlamaStack.Mlflow;

/// <summary>What a root says to the Collector's branch for MLflow, which acts on it and removes it: <c>samples/collector/collector.yaml</c>.</summary>
internal static class OtlpMarks
{
    /// <summary>True where the caller's span is in no MLflow, and the root must lose its parent there.</summary>
    public const string ForeignParent = "llama_stack.trace.foreign_parent";

    /// <summary>The words of the model call that made the trace fail, where the root itself says nothing of how it went.</summary>
    public const string Failure = "llama_stack.trace.failure";
}
