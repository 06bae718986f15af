using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>What model calls cost, in US dollars.</summary>
/// <param name="Input">For what went into models.</param>
/// <param name="Output">For what came out of models.</param>
/// <param name="Total">Both together.</param>
public sealed record MlflowCost(
    [property: JsonPropertyName("input_cost")] double Input,
    [property: JsonPropertyName("output_cost")] double Output,
    [property: JsonPropertyName("total_cost")] double Total);
