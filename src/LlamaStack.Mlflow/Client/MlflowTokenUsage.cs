using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>Tokens as MLflow counts them.</summary>
/// <param name="Input">Tokens that went into models, cached ones included.</param>
/// <param name="Output">Tokens that came out of models.</param>
/// <param name="Total">Both together.</param>
public sealed record MlflowTokenUsage(
    [property: JsonPropertyName("input_tokens")] long Input,
    [property: JsonPropertyName("output_tokens")] long Output,
    [property: JsonPropertyName("total_tokens")] long Total);
