using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

internal sealed record ExperimentAnswer([property: JsonPropertyName("experiment")] MlflowExperiment? Experiment);

internal sealed record CreateExperiment([property: JsonPropertyName("name")] string Name);

internal sealed record CreatedExperiment([property: JsonPropertyName("experiment_id")] string ExperimentId);

internal sealed record ErrorAnswer(
    [property: JsonPropertyName("error_code")] string? ErrorCode,
    [property: JsonPropertyName("message")] string? Message);
