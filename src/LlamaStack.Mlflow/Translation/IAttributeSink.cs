namespace LlamaStack.Mlflow;

/// <summary>Takes the attributes that MLflow needs beside those a span has: into an OTLP message, or onto the activity.</summary>
internal interface IAttributeSink
{
    void Add(string key, string value);

    /// <summary>Adds JSON, as UTF-8.</summary>
    void Add(string key, ReadOnlySpan<byte> json);
}
