using System.Diagnostics;
using System.Text.RegularExpressions;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>Type and name of a span as MLflow wants them.</summary>
internal static partial class SpanTypes
{
    /// <summary>The name of a request's span that nothing has named.</summary>
    public const string UnnamedRequest = "request";

    /// <summary>MLflow's word for what a span stands for. Sent always: a type that the server derives itself is missing in its dashboards.</summary>
    public static string Of(Activity span, CompletedTrace trace)
    {
        if (SpanContent.Of(span) is { } content)
        {
            return Word(content.Type);
        }

        if (trace.IsAboveExchange(span) && SpanAttributes.TellsOfModelCall(span))
        {
            return "CHAIN";
        }

        return IsPromptOfKernel(span) ? "CHAIN" : span.GetTagItem(GenAIAttributes.Operation.Name) switch
        {
            "chat" => "CHAT_MODEL",
            "text_completion" or "generate_content" => "LLM",
            "embeddings" => "EMBEDDING",

            // The call of a tool is one call, also where its server runs in this process and tells of it, too.
            "execute_tool" when span.Kind is ActivityKind.Server && span != trace.Root => "CHAIN",
            "execute_tool" => "TOOL",
            "invoke_agent" or "create_agent" => "AGENT",
            "retrieval" => "RETRIEVER",
            _ => "CHAIN",
        };
    }

    /// <summary>A tool goes by its own name (the tool dashboard groups by it), an agent by its name without an id.</summary>
    public static string NameOf(Activity span)
    {
        if (CoveringSpans.IsExchange(span))
        {
            return span.DisplayName;
        }

        if (IsPromptOfKernel(span))
        {
            return "prompt";
        }

        if (span.GetTagItem(GenAIAttributes.Tool.Name) is string { Length: > 0 } tool)
        {
            return tool;
        }

        if (span.GetTagItem(GenAIAttributes.Agent.Name) is string { Length: > 0 } agent && span.GetTagItem(GenAIAttributes.Operation.Name) is GenAIAttributes.OperationValue.InvokeAgent)
        {
            return agent;
        }

        return span.DisplayName is "Microsoft.AspNetCore.Hosting.HttpRequestIn" ? UnnamedRequest : span.DisplayName;
    }

    /// <summary>Semantic Kernel's own span of a prompt poses as a tool, and has a new name each time.</summary>
    private static bool IsPromptOfKernel(Activity span) =>
        span.Source.Name is "Microsoft.SemanticKernel" && span.GetTagItem(GenAIAttributes.Tool.Name) is string name && NameOfPrompt.IsMatch(name);

    [GeneratedRegex("^InvokePrompt(Streaming)?Async_[0-9a-f]{32}$")]
    private static partial Regex NameOfPrompt { get; }

    private static string Word(SpanType type) => type switch
    {
        SpanType.Agent => "AGENT",
        SpanType.Tool => "TOOL",
        SpanType.ChatModel => "CHAT_MODEL",
        SpanType.Llm => "LLM",
        SpanType.Embedding => "EMBEDDING",
        SpanType.Retriever => "RETRIEVER",
        SpanType.Reranker => "RERANKER",
        SpanType.Parser => "PARSER",
        SpanType.Memory => "MEMORY",
        SpanType.Workflow => "WORKFLOW",
        SpanType.Task => "TASK",
        SpanType.Guardrail => "GUARDRAIL",
        SpanType.Evaluator => "EVALUATOR",
        _ => "CHAIN",
    };
}
