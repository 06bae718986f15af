namespace LlamaStack.Mlflow;

/// <summary>The traces of one conversation: those that name the same session.</summary>
/// <param name="Id">The session's id.</param>
/// <param name="Traces">Its traces without their spans, oldest first.</param>
public sealed record MlflowSession(string Id, IReadOnlyList<MlflowTrace> Traces);
