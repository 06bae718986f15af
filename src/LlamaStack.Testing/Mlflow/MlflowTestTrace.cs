namespace LlamaStack.Testing;

/// <summary>A trace as the server holds it at the moment of asking.</summary>
public sealed class MlflowTestTrace
{
    internal MlflowTestTrace(TraceRow row)
    {
        (TraceId, ExperimentId, Name, State) = (row.TraceId, $"{row.ExperimentId}", row.Name, row.State);
        (RequestPreview, ResponsePreview, ClientRequestId, SessionId) = (row.RequestPreview, row.ResponsePreview, row.ClientRequestId, row.SessionId);
        (TokenUsage, Cost) = (new Dictionary<string, long>(row.TokenUsage), new Dictionary<string, double>(row.Cost));
        (Tags, Metadata) = (TraceInfoJson.Tags(row), TraceInfoJson.Metadata(row));
        User = Metadata.GetValueOrDefault(MlflowKeys.User);
        RequestTime = DateTimeOffset.FromUnixTimeMilliseconds(row.RequestTime);
        Duration = row.Duration is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;
        Spans = [.. row.Spans.OrderBy(static span => span.ParentSpanId is not null).ThenBy(static span => span.Sent.StartUnixNano).Select(static span => new MlflowTestSpan(span))];
        Assessments = [.. row.Assessments.Select(static assessment => new MlflowTestAssessment(assessment))];
        LinkedPrompts = [.. row.Prompts];
        LinkedRuns = [.. row.Runs];
    }

    /// <summary>Gets the id: <c>tr-</c> and 32 hexadecimal digits.</summary>
    public string TraceId { get; }

    /// <summary>Gets the experiment's number, as text.</summary>
    public string ExperimentId { get; }

    /// <summary>Gets the name, which is the tag <c>mlflow.traceName</c> and never the root span's name.</summary>
    public string? Name { get; }

    /// <summary>Gets the state: <c>IN_PROGRESS</c>, <c>OK</c>, <c>ERROR</c> or <c>STATE_UNSPECIFIED</c>.</summary>
    public string State { get; }

    /// <summary>Gets what lists show of the inputs.</summary>
    public string? RequestPreview { get; }

    /// <summary>Gets what lists show of the outputs.</summary>
    public string? ResponsePreview { get; }

    /// <summary>Gets the request id that the client gave.</summary>
    public string? ClientRequestId { get; }

    /// <summary>Gets the session.</summary>
    public string? SessionId { get; }

    /// <summary>Gets the user.</summary>
    public string? User { get; }

    /// <summary>Gets the token counts by the names that MLflow has for them, such as <c>input_tokens</c>.</summary>
    /// <value>Empty if no span has any.</value>
    public IReadOnlyDictionary<string, long> TokenUsage { get; }

    /// <summary>Gets the cost in US dollars by the names that MLflow has for it, such as <c>total_cost</c>.</summary>
    /// <value>Empty if no span has any. The stand-in has no price list: only costs that the client sent are summed.</value>
    public IReadOnlyDictionary<string, double> Cost { get; }

    /// <summary>Gets the tags, the name among them.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; }

    /// <summary>Gets the metadata, with session, token usage and cost.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Gets the start.</summary>
    public DateTimeOffset RequestTime { get; }

    /// <summary>Gets the time from the first start to the last end, or what StartTraceV3 said.</summary>
    public TimeSpan? Duration { get; }

    /// <summary>Gets the spans: roots first, then by their start.</summary>
    public IReadOnlyList<MlflowTestSpan> Spans { get; }

    /// <summary>Gets the assessments, in the order of their creation.</summary>
    public IReadOnlyList<MlflowTestAssessment> Assessments { get; }

    /// <summary>Gets the prompt versions linked to the trace, as <c>name/version</c>.</summary>
    public IReadOnlyList<string> LinkedPrompts { get; }

    /// <summary>Gets the ids of the runs that the trace is linked to.</summary>
    public IReadOnlyList<string> LinkedRuns { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{TraceId} {Name ?? "(no name)"} {State}";
}
