using System.Diagnostics;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>What spans of other libraries tell of messages, arguments and exceptions. Ours hold none of it where no content is wanted; theirs have switches of their own.</summary>
internal static class ForeignContent
{
    /// <summary>The client's source counts as another's: Microsoft.Extensions.AI makes its spans of functions by it.</summary>
    public static bool IsForeign(Activity span) => span.Source.Name is not LlamaStackDiagnostics.SourceName;

    public static bool IsContent(string key) => key
        is GenAIAttributes.InputMessages or GenAIAttributes.OutputMessages or GenAIAttributes.SystemInstructions
        or GenAIAttributes.Tool.CallArguments or GenAIAttributes.Tool.CallResult;

    /// <summary>The words of an exception may quote what was said; events of model calls are what was said.</summary>
    public static bool IsContent(in ActivityEvent happened, string key) =>
        key is SemanticAttributes.ExceptionMessage or SemanticAttributes.ExceptionStackTrace || happened.Name.StartsWith(GenAIAttributes.Prefix, StringComparison.Ordinal);
}
