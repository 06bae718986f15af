namespace LlamaStack.Instrumentation;

/// <summary>Whether prompts, answers, tool arguments and tool results are recorded.</summary>
public enum ContentCapture
{
    /// <summary>Nothing that a user wrote or a model answered is recorded: model, tokens, times and errors only.</summary>
    None = 0,

    /// <summary>Everything is recorded as it is.</summary>
    Full = 2,
}
