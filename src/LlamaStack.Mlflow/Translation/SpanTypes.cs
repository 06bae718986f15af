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
    public static string Of(ExportedSpan span, CompletedTrace trace)
    {
        if (span.Content is { } content)
        {
            return Word(content.Type);
        }

        if (trace.IsAboveExchange(span.Activity) && SpanAttributes.TellsOfModelCall(span.Activity))
        {
            return "CHAIN";
        }

        return IsPromptOfKernel(span) ? "CHAIN" : span.Text(GenAIAttributes.Operation.Name) switch
        {
            "chat" => "CHAT_MODEL",
            "text_completion" or "generate_content" => "LLM",
            "embeddings" => "EMBEDDING",

            // The call of a tool is one call, also where its server runs in this process and tells of it, too.
            "execute_tool" when span.Activity.Kind is ActivityKind.Server && span.Activity != trace.Root => "CHAIN",
            "execute_tool" => "TOOL",
            "invoke_agent" or "create_agent" => "AGENT",
            "retrieval" => "RETRIEVER",
            _ => "CHAIN",
        };
    }

    /// <summary>A tool goes by its own name (the tool dashboard groups by it), an agent by its name without an id.</summary>
    public static string NameOf(ExportedSpan span)
    {
        var name = span.Activity.DisplayName;
        if (span.IsExchange)
        {
            return name;
        }

        if (IsPromptOfKernel(span))
        {
            return "prompt";
        }

        if (span.Text(GenAIAttributes.Tool.Name) is { Length: > 0 } tool)
        {
            return tool;
        }

        if (span.Text(GenAIAttributes.Agent.Name) is { Length: > 0 } agent && span.Text(GenAIAttributes.Operation.Name) is GenAIAttributes.OperationValue.InvokeAgent)
        {
            return agent;
        }

        return name is "Microsoft.AspNetCore.Hosting.HttpRequestIn" ? UnnamedRequest : name;
    }

    /// <summary>Semantic Kernel's own span of a prompt poses as a tool, and has a new name each time.</summary>
    private static bool IsPromptOfKernel(ExportedSpan span) =>
        span.Activity.Source.Name is "Microsoft.SemanticKernel" && span.Text(GenAIAttributes.Tool.Name) is { } name && NameOfPrompt.IsMatch(name);

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
