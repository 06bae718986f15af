namespace LlamaStack.Instrumentation;

/// <summary>Whether prompts, answers, tool arguments and tool results are recorded.</summary>
public enum ContentCapture
{
    /// <summary>Nothing that a user wrote or a model answered is recorded: model, tokens, times and errors only.</summary>
    None = 0,

    /// <summary>
    /// Everything is recorded after a function of the application's own has looked at it (<see cref="GenAIInstrumentationOptions.Redact"/>): prompts, answers,
    /// the arguments and results of tools, the words of errors.
    /// </summary>
    Redacted = 1,

    /// <summary>Everything is recorded as it is.</summary>
    Full = 2,
}
