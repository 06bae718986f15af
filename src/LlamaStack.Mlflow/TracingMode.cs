namespace LlamaStack.Mlflow;

/// <summary>Which way spans take.</summary>
public enum TracingMode
{
    /// <summary>Directly to an MLflow tracking server, as whole traces. Nothing else is needed.</summary>
    Mlflow,

    /// <summary>Over OTLP to a Collector (or any OTLP receiver), which forwards them to MLflow and elsewhere. MLflow itself is not called.</summary>
    Otlp,
}
