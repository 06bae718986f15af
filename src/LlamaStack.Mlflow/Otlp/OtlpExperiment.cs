using System.Buffers;
using System.Diagnostics;
using OpenTelemetry;

namespace LlamaStack.Mlflow;

/// <summary>
/// Tells the servers that are called which experiment a trace belongs to: the resource attribute <c>mlflow.experiment</c> goes along as trace state, which OpenTelemetry
/// puts on their spans, too. Without it the Collector could not tell where the spans of a server belong that serves several applications.
/// </summary>
/// <remarks>Source: <see href="https://www.w3.org/TR/trace-context/#tracestate-header"/>.</remarks>
internal sealed class OtlpExperiment : BaseProcessor<Activity>
{
    private const string Key = "mlflow=";
    private static readonly SearchValues<char> _characters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/");

    private string? _entry;

    public override void OnStart(Activity data)
    {
        // Those below inherit it.
        if (data.Parent is not null || (_entry ??= Entry()) is not { Length: > 0 } entry)
        {
            return;
        }

        var others = (data.TraceStateString ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(static other => !other.StartsWith(Key, StringComparison.Ordinal));
        data.TraceStateString = string.Join(',', others.Prepend(entry).Take(32));
    }

    private string Entry() =>
        ParentProvider.GetResource().Attributes.FirstOrDefault(static attribute => attribute.Key == OtlpAttributes.Experiment).Value is string { Length: > 0 and <= 256 } experiment
        && !experiment.AsSpan().ContainsAnyExcept(_characters)
            ? Key + experiment
            : "";
}
