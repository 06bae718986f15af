namespace LlamaStack.Testing;

/// <summary>A stored trace: the columns of its row, its tags, metadata, spans and assessments.</summary>
internal sealed class TraceRow(string traceId, long experimentId)
{
    public const string InProgress = "IN_PROGRESS";
    public const string Unspecified = "STATE_UNSPECIFIED";

    public string TraceId { get; } = traceId;

    public long ExperimentId { get; } = experimentId;

    public long RequestTime { get; set; }

    public long? Duration { get; set; }

    public string State { get; set; } = InProgress;

    public string? ClientRequestId { get; set; }

    public string? RequestPreview { get; set; }

    public string? ResponsePreview { get; set; }

    public string? Name { get; set; }

    public string? SessionId { get; set; }

    /// <summary>By the names that <c>mlflow.trace.tokenUsage</c> has.</summary>
    public Dictionary<string, long> TokenUsage { get; } = [];

    public Dictionary<string, double> Cost { get; } = [];

    public Dictionary<string, string> Tags { get; } = [];

    public Dictionary<string, string> Metadata { get; } = [];

    public List<AssessmentRow> Assessments { get; } = [];

    public HashSet<string> Runs { get; } = [];

    public HashSet<string> Prompts { get; } = [];

    /// <summary>In the order of their first arrival.</summary>
    public List<SpanRow> Spans { get; } = [];

    public bool Finalized => Metadata.ContainsKey(MlflowKeys.Finalized);

    /// <summary>A span that arrives again takes its old place.</summary>
    public void Put(SpanRow span)
    {
        var place = Spans.FindIndex(stored => stored.SpanId == span.SpanId);
        if (place < 0)
        {
            Spans.Add(span);
        }
        else
        {
            Spans[place] = span;
        }
    }
}
