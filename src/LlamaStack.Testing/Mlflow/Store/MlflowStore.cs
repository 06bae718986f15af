using System.Globalization;

namespace LlamaStack.Testing;

/// <summary>All that the server holds. Whoever uses it holds <see cref="Sync"/>.</summary>
internal sealed class MlflowStore(TimeProvider time, MlflowBehaviour behaviour)
{
    private long _nextExperiment = 1;

    public Lock Sync { get; } = new();

    public List<ExperimentRow> Experiments { get; } = [new ExperimentRow(0, "Default", "mlflow-artifacts:/0", time.GetUtcNow().ToUnixTimeMilliseconds())];

    /// <summary>In the order of their creation.</summary>
    public OrderedDictionary<string, TraceRow> Traces { get; } = [];

    public List<PromptRow> Prompts { get; } = [];

    public long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public ExperimentRow CreateExperiment(string name, string? artifactLocation)
    {
        var id = _nextExperiment++;
        var experiment = new ExperimentRow(id, name, artifactLocation ?? $"mlflow-artifacts:/{id}", Now);
        Experiments.Add(experiment);
        return experiment;
    }

    /// <summary>Also finds a deleted one.</summary>
    public ExperimentRow GetExperiment(string id) => long.TryParse(id, CultureInfo.InvariantCulture, out var number)
        ? Experiments.Find(experiment => experiment.Id == number) ?? throw MlflowError.NotFound($"No Experiment with id={id} exists")
        : throw (behaviour.ExperimentIdChecked
            ? MlflowError.Invalid($"Invalid experiment ID '{id}'. Experiment ID must be a valid integer.")
            : MlflowError.Internal($"invalid literal for int() with base 10: '{id}'"));

    public TraceRow? FindTrace(string id) => Traces.GetValueOrDefault(id);

    public TraceRow GetTrace(string id) => FindTrace(id) ?? throw MlflowError.TraceNotFound(id);

    public TraceRow AddTrace(string id, ExperimentRow experiment)
    {
        var trace = new TraceRow(id, experiment.Id) { Tags = { [MlflowKeys.ArtifactLocation] = $"{experiment.ArtifactLocation}/traces/{id}/artifacts" } };
        Traces.Add(id, trace);
        return trace;
    }
}
