namespace LlamaStack.Mlflow;

/// <summary>What spans say to the Collector's branches for MLflow, which act on it and remove it: <c>samples/collector/collector.yaml</c>.</summary>
internal static class OtlpAttributes
{
    /// <summary>On a root: true where the caller's span is in no MLflow, and the root must lose its parent there.</summary>
    public const string ForeignParent = "llama_stack.trace.foreign_parent";

    /// <summary>On a root: the words of the model call that made the trace fail, where the root itself says nothing of how it went.</summary>
    public const string Failure = "llama_stack.trace.failure";

    /// <summary>On the resource: the word by which a branch, and so an experiment, is chosen.</summary>
    public const string Experiment = "mlflow.experiment";
}
