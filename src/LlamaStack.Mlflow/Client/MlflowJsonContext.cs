using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AssessmentAnswer))]
[JsonSerializable(typeof(CreateAssessment))]
[JsonSerializable(typeof(CreateExperiment))]
[JsonSerializable(typeof(CreatedExperiment))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(ExperimentAnswer))]
[JsonSerializable(typeof(FoundTraces))]
[JsonSerializable(typeof(MlflowTokenUsage))]
[JsonSerializable(typeof(SearchTraces))]
[JsonSerializable(typeof(ServerInfo))]
[JsonSerializable(typeof(StartTrace))]
[JsonSerializable(typeof(TraceAnswer))]
[JsonSerializable(typeof(UpdateAssessment))]
internal sealed partial class MlflowJsonContext : JsonSerializerContext;
