namespace LlamaStack.Testing;

/// <summary>The names that MLflow gives a meaning, as attributes, tags and metadata.</summary>
internal static class MlflowKeys
{
    public const string SpanType = "mlflow.spanType";
    public const string SpanInputs = "mlflow.spanInputs";
    public const string SpanOutputs = "mlflow.spanOutputs";
    public const string ChatUsage = "mlflow.chat.tokenUsage";
    public const string ChatTools = "mlflow.chat.tools";
    public const string Model = "mlflow.llm.model";
    public const string Provider = "mlflow.llm.provider";
    public const string SpanCost = "mlflow.llm.cost";
    public const string RequestId = "mlflow.traceRequestId";
    public const string TraceTagPrefix = "mlflow.traceTag.";
    public const string SessionAttribute = "session.id";
    public const string UserAttribute = "user.id";
    public const string ConversationAttribute = "gen_ai.conversation.id";

    public const string TraceName = "mlflow.traceName";
    public const string ArtifactLocation = "mlflow.artifactLocation";
    public const string SpansLocation = "mlflow.trace.spansLocation";
    public const string TrackingStore = "TRACKING_STORE";

    public const string Session = "mlflow.trace.session";
    public const string User = "mlflow.trace.user";
    public const string TokenUsage = "mlflow.trace.tokenUsage";
    public const string Cost = "mlflow.trace.cost";
    public const string Finalized = "mlflow.trace.infoFinalized";
    public const string SizeStats = "mlflow.trace.sizeStats";

    public const int SessionLimit = 250;
    public const int MetadataLimit = 250;
    public const int TagKeyLimit = 250;
    public const int TagLimit = 4096;
    public const int NameLimit = 4096;

    /// <summary>The order in which MLflow lists them.</summary>
    public static IReadOnlyList<string> UsageNames { get; } =
        ["input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];

    public static IReadOnlyList<string> CostNames { get; } = ["input_cost", "output_cost", "total_cost"];

    /// <summary>Tags that no client may set.</summary>
    public static bool IsServerOwned(string tag) => tag is ArtifactLocation or SpansLocation;
}
