namespace LlamaStack.Testing;

/// <summary>What differs from release to release, as observed on running servers; a release in between that was not seen counts with the one before the change.</summary>
internal sealed class MlflowBehaviour(string version)
{
    private readonly Version _version = Version.TryParse(version, out var parsed)
        ? parsed
        : throw new ArgumentException($"\"{version}\" is no MLflow version. Use a form like 3.18.0.", nameof(version));

    public string Text { get; } = version;

    /// <summary>Server info and trace metrics exist.</summary>
    public bool ServerInfo => Since(3, 10);

    public bool BatchGetInfos => Since(3, 12);

    /// <summary>Answers are indented throughout; later, those that hold traces are not.</summary>
    public bool IndentsTraces => !Since(3, 10);

    /// <summary>Errors carry <c>sqlstate</c> and <c>error_class</c>.</summary>
    public bool ErrorClass => Since(3, 12);

    public bool ExperimentIdChecked => Since(3, 10);

    /// <summary>Without it, the OTLP route is open even with the auth app, and any user may write.</summary>
    public bool GuardsTraces => Since(3, 10);

    public bool Workspaces => Since(3, 10);

    /// <summary>JSON bodies and parameters of the content type are understood.</summary>
    public bool OtlpJson => Since(3, 12);

    /// <summary>A JSON request is answered in JSON.</summary>
    public bool AnswersOtlpJson => Since(3, 18);

    /// <summary>A span without an id is refused.</summary>
    public bool SpanIdsChecked => Since(3, 12);

    /// <summary>All or nothing; before, each trace of a request was stored on its own.</summary>
    public bool OneTransaction => Since(3, 12);

    /// <summary>Store errors are told as they are; before, all were 422.</summary>
    public bool OtlpStoreErrors => Since(3, 10);

    public bool StaysInExperiment => Since(3, 18);

    public bool JsonArrays => Since(3, 11);

    public bool OverridesUnknownType => Since(3, 11);

    public bool ModelAndCost => Since(3, 10);

    public bool ToolDefinitions => Since(3, 11);

    public bool CacheTokens => Since(3, 12);

    /// <summary><c>gen_ai.usage.*</c> that is no whole number is passed over; before, it cost the trace.</summary>
    public bool LenientUsage => Since(3, 10);

    /// <summary>One-sided and zero usage is kept.</summary>
    public bool PartialUsage => Since(3, 12);

    /// <summary>A bad cost is refused: as a bad request since 3.12, by a fault before.</summary>
    public int? BadCostStatus => Since(3, 12) ? 422 : Since(3, 10) ? 500 : null;

    /// <summary>Usage of a span hides that of its descendants, and a resend does not count twice.</summary>
    public bool CountsOnce => Since(3, 15);

    public bool OtlpSession => Since(3, 8);

    public bool OtlpUser => Since(3, 12);

    /// <summary>Session and user arrive in quotes.</summary>
    public bool QuotesSession => !Since(3, 14);

    public bool ConversationIsSession => Since(3, 14);

    public bool SessionLimit => Since(3, 17);

    public bool TraceTagAttributes => Since(3, 13);

    public bool ResourceTags => Since(3, 14);

    public bool KeepsLinks => Since(3, 13);

    public bool KeepsKind => Since(3, 18);

    /// <summary>A request id that the client sent is overwritten; before, it became the trace's id.</summary>
    public bool OwnsRequestId => Since(3, 13);

    public bool RunHeader => Since(3, 14);

    /// <summary>StartTraceV3 has the last word on times and sums.</summary>
    public bool Finalizes => Since(3, 12);

    /// <summary>StartTraceV3 fails on a trace with a tag or metadata key that its body lacks.</summary>
    public bool NeedsWholeTrace => !Since(3, 10);

    public bool OwnsSpansLocation => Since(3, 18);

    /// <summary>What an empty experiment header is answered with; since 3.13 it is accepted, and the spans are lost.</summary>
    public int EmptyExperimentStatus => Since(3, 13) ? 200 : Since(3, 12) ? 500 : Since(3, 10) ? 400 : 422;

    /// <summary>Whether a path lies below the static prefix, for a server that has one.</summary>
    public bool IsPrefixed(string path) => path switch
    {
        "/v1/traces" => Since(3, 17),
        _ when path.StartsWith("/api/", StringComparison.Ordinal) => Since(3, 12),
        _ => true,
    };

    private bool Since(int major, int minor) => _version >= new Version(major, minor);
}
