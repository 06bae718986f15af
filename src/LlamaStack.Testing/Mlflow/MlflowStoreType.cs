namespace LlamaStack.Testing;

/// <summary>What an MLflow server keeps its data in.</summary>
public enum MlflowStoreType
{
    /// <summary>A database: takes spans.</summary>
    Sql,

    /// <summary>Files: the probe of the OTLP route succeeds, spans are answered with status 501.</summary>
    File,
}
