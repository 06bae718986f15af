using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>Tokens as MLflow counts them.</summary>
/// <param name="Input">Tokens that went into models, cached ones included.</param>
/// <param name="Output">Tokens that came out of models.</param>
/// <param name="Total">Both together.</param>
public sealed record MlflowTokenUsage(
    [property: JsonPropertyName("input_tokens")] long Input,
    [property: JsonPropertyName("output_tokens")] long Output,
    [property: JsonPropertyName("total_tokens")] long Total)
{
    /// <summary>Gets how many of the input's tokens came out of a cache.</summary>
    /// <value>Null where nobody said.</value>
    [JsonPropertyName("cache_read_input_tokens")]
    public long? CacheRead { get; init; }

    /// <summary>Gets how many of the input's tokens were put into a cache.</summary>
    /// <value>Null where nobody said.</value>
    [JsonPropertyName("cache_creation_input_tokens")]
    public long? CacheCreation { get; init; }
}
