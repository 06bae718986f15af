namespace LlamaStack.Instrumentation;

/// <summary>What a span stands for, in MLflow's words.</summary>
/// <remarks>Source: MLflow's span types, <see href="https://mlflow.org/docs/latest/genai/concepts/span/"/>.</remarks>
public enum SpanType
{
    /// <summary>A step of the application that none of the others describes. MLflow: <c>CHAIN</c>.</summary>
    Chain,

    /// <summary>Something that decides by itself which models and tools to call. MLflow: <c>AGENT</c>.</summary>
    Agent,

    /// <summary>A function that a model asked for. MLflow: <c>TOOL</c>.</summary>
    Tool,

    /// <summary>A call of a chat model. MLflow: <c>CHAT_MODEL</c>.</summary>
    ChatModel,

    /// <summary>A call of a model that completes text. MLflow: <c>LLM</c>.</summary>
    Llm,

    /// <summary>A call of a model that makes vectors of texts. MLflow: <c>EMBEDDING</c>.</summary>
    Embedding,

    /// <summary>A search for documents. MLflow: <c>RETRIEVER</c>.</summary>
    Retriever,

    /// <summary>An ordering of documents. MLflow: <c>RERANKER</c>.</summary>
    Reranker,

    /// <summary>A step that makes structure of text. MLflow: <c>PARSER</c>.</summary>
    Parser,

    /// <summary>Reading or writing of an agent's memory. MLflow: <c>MEMORY</c>.</summary>
    Memory,

    /// <summary>A fixed sequence of steps. MLflow: <c>WORKFLOW</c>.</summary>
    Workflow,

    /// <summary>A step of a workflow. MLflow: <c>TASK</c>.</summary>
    Task,

    /// <summary>A check of what goes into a model or comes out of it. MLflow: <c>GUARDRAIL</c>.</summary>
    Guardrail,

    /// <summary>A judgement of an answer. MLflow: <c>EVALUATOR</c>.</summary>
    Evaluator,
}
