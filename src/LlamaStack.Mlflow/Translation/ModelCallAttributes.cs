using System.Diagnostics;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>What the attributes of a model call say of its model and its tokens, read in one pass.</summary>
internal readonly struct ModelCallAttributes
{
    public ModelCallAttributes(Activity span)
    {
        string? asked = null, answered = null;
        long? input = null, output = null, read = null, created = null, written = null;
        foreach (ref readonly var tag in span.EnumerateTagObjects())
        {
            switch (tag.Key)
            {
                case GenAIAttributes.Request.Model:
                    asked ??= tag.Value as string;
                    break;
                case GenAIAttributes.Response.Model:
                    answered ??= tag.Value as string;
                    break;
                case GenAIAttributes.Provider.Name:
                    Provider ??= tag.Value as string;
                    break;
                case GenAIAttributes.Usage.InputTokens:
                    input ??= Number(tag.Value);
                    break;
                case GenAIAttributes.Usage.OutputTokens:
                    output ??= Number(tag.Value);
                    break;
                case GenAIAttributes.Usage.CacheReadInputTokens:
                    read ??= Number(tag.Value);
                    break;
                case GenAIAttributes.Usage.CacheCreationInputTokens:
                    created ??= Number(tag.Value);
                    break;
                case GenAIAttributes.Usage.CacheWriteInputTokens:
                    written ??= Number(tag.Value);
                    break;
            }
        }

        Model = answered ?? asked;
        Tokens = input is null && output is null ? null : new TokenSums(input ?? 0, output ?? 0, read, created ?? written);
    }

    /// <summary>Gets the model that answered, else the one that was asked for.</summary>
    public string? Model { get; }

    public string? Provider { get; }

    /// <summary>Gets the tokens; null where it says neither those of the question nor those of the answer. The newer form of the convention has another name for those written to a cache.</summary>
    public TokenSums? Tokens { get; }

    private static long? Number(object? value) => value switch
    {
        long number => number,
        int number => number,
        _ => null,
    };
}
