namespace LlamaStack.Mlflow;

/// <summary>
/// MLflow's own names: attributes that it reads from spans, and the keys of trace tags and metadata.
/// Source: <see href="https://mlflow.org/docs/latest/genai/tracing/"/> and the answers of servers 3.7 to 3.18.
/// </summary>
internal static class MlflowAttributes
{
    public const string SpanType = "mlflow.spanType";
    public const string SpanInputs = "mlflow.spanInputs";
    public const string SpanOutputs = "mlflow.spanOutputs";
    public const string MessageFormat = "mlflow.message.format";

    /// <summary>The server's own; where a client sends it, older servers lose the trace.</summary>
    public const string TraceRequestId = "mlflow.traceRequestId";

    /// <summary>What a span attribute must start with to become a tag of the trace; read on the root span only.</summary>
    public const string TraceTagPrefix = "mlflow.traceTag.";

    public static class Chat
    {
        public const string Messages = "mlflow.chat.messages";
        public const string TokenUsage = "mlflow.chat.tokenUsage";
        public const string Tools = "mlflow.chat.tools";
    }

    public static class Llm
    {
        public const string Cost = "mlflow.llm.cost";
        public const string Model = "mlflow.llm.model";
        public const string Provider = "mlflow.llm.provider";
    }

    public static class Tag
    {
        public const string LinkedPrompts = "mlflow.linkedPrompts";
        public const string TraceName = "mlflow.traceName";
    }

    public static class Metadata
    {
        public const string Cost = "mlflow.trace.cost";
        public const string GitCommit = "mlflow.source.git.commit";
        public const string Session = "mlflow.trace.session";
        public const string SourceName = "mlflow.source.name";
        public const string SourceRun = "mlflow.sourceRun";
        public const string SourceType = "mlflow.source.type";
        public const string TokenUsage = "mlflow.trace.tokenUsage";
        public const string User = "mlflow.trace.user";
    }

    /// <summary>Tags of the registry's models and their versions that make prompts of them.</summary>
    public static class Prompt
    {
        public const string IsPrompt = "mlflow.prompt.is_prompt";
        public const string ModelConfig = "_mlflow_prompt_model_config";
        public const string ResponseFormat = "_mlflow_prompt_response_format";
        public const string Text = "mlflow.prompt.text";
        public const string Type = "_mlflow_prompt_type";
    }

    public static class Header
    {
        public const string ExperimentId = "x-mlflow-experiment-id";
        public const string Workspace = "X-MLFLOW-WORKSPACE";
    }
}
