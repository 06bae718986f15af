using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>How traces leave the application.</summary>
/// <remarks>
/// Bound to the configuration section <c>LlamaStack:Tracing</c>. Code goes before configuration, configuration before the environment variables named here, those before the defaults.
/// </remarks>
public sealed class MlflowTracingOptions
{
    /// <summary>The configuration section: <c>LlamaStack:Tracing</c>.</summary>
    public const string SectionName = "LlamaStack:Tracing";

    /// <summary>Gets or sets which way spans take.</summary>
    /// <value>Defaults to <see cref="TracingMode.Mlflow"/>; with <c>WithOtlpTracing()</c> to <see cref="TracingMode.Otlp"/>.</value>
    public TracingMode Mode { get; set; }

    /// <summary>Gets or sets whether anything is traced in mode Mlflow.</summary>
    /// <value>Defaults to <see langword="true"/>. Environment: <c>MLFLOW_ENABLE_TRACING</c>, the switch against writing everything twice.</value>
    public bool Enabled { get; set; } = true;

    /// <summary>Gets or sets the MLflow server's address, with its prefix if it has one: <c>http://localhost:5000</c>.</summary>
    /// <value>Required in mode Mlflow. Environment: <c>MLFLOW_TRACKING_URI</c>.</value>
    public Uri? TrackingUri { get; set; }

    /// <summary>Gets or sets where spans are posted, if not at <see cref="TrackingUri"/> + <c>/v1/traces</c>: a proxy may split the paths.</summary>
    /// <value>Not set by default.</value>
    public Uri? TracesEndpoint { get; set; }

    /// <summary>Gets or sets the name of the experiment; it is created if it does not exist.</summary>
    /// <value>Defaults to <c>Default</c>, MLflow's own. Environment: <c>MLFLOW_EXPERIMENT_NAME</c>.</value>
    public string? ExperimentName { get; set; }

    /// <summary>Gets or sets the numeric id of an existing experiment; it goes before <see cref="ExperimentName"/>.</summary>
    /// <value>Not set by default. Environment: <c>MLFLOW_EXPERIMENT_ID</c>.</value>
    public string? ExperimentId { get; set; }

    /// <summary>Gets or sets the user of MLflow's basic authentication.</summary>
    /// <value>Not set by default. Environment: <c>MLFLOW_TRACKING_USERNAME</c>.</value>
    public string? Username { get; set; }

    /// <summary>Gets or sets the password of MLflow's basic authentication.</summary>
    /// <value>Not set by default. Environment: <c>MLFLOW_TRACKING_PASSWORD</c>.</value>
    public string? Password { get; set; }

    /// <summary>Gets or sets a bearer token, for a proxy or plugin that understands one. User and password go before it.</summary>
    /// <value>Not set by default. Environment: <c>MLFLOW_TRACKING_TOKEN</c>.</value>
    public string? Token { get; set; }

    /// <summary>Gets or sets whether any server certificate is accepted. For development only.</summary>
    /// <value>Defaults to <see langword="false"/>. Environment: <c>MLFLOW_TRACKING_INSECURE_TLS</c>.</value>
    public bool InsecureTls { get; set; }

    /// <summary>Gets or sets the workspace, on servers that have workspaces. Others refuse every request that names one.</summary>
    /// <value>Not set by default. Environment: <c>MLFLOW_WORKSPACE</c>.</value>
    public string? Workspace { get; set; }

    /// <summary>Gets or sets whether prompts and answers are recorded.</summary>
    /// <value>
    /// Not set: <see cref="ContentCapture.Full"/> in mode Mlflow, as Python's autolog; <see cref="ContentCapture.None"/> in mode Otlp, as OpenTelemetry asks, unless
    /// <c>OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT</c> says <c>true</c> or <c>span_only</c>.
    /// </value>
    public ContentCapture? ContentCapture { get; set; }

    /// <summary>
    /// Gets or sets what makes a text fit to be recorded, for <see cref="ContentCapture.Redacted"/>: each text of a prompt or an answer, arguments and results of tools
    /// (JSON in a text), the words of an error. It is given one text and gives back what may be recorded; where it throws, nothing is. It runs on the path of the call.
    /// </summary>
    /// <value>Not set by default. In code only.</value>
    public Func<string, string>? Redact { get; set; }

    /// <summary>Gets or sets the most bytes of one input or output that are recorded, as JSON. Of more, the longest texts are cut, and say so.</summary>
    /// <value>Defaults to 8 MiB; 1 KiB to 32 MiB.</value>
    public int MaxContentLength { get; set; } = ContentPolicy.DefaultMaxLength;

    /// <summary>Gets or sets whether an ASP.NET Core request's own span is listened to, as the root of what the request does.</summary>
    /// <value>Defaults to <see langword="true"/>. Where <see langword="false"/>, model calls start traces of their own.</value>
    public bool IncludeRequestSpans { get; set; } = true;

    /// <summary>Gets or sets whether the HTTP client's span of a model call (status, retries, DNS) is exported below the call's own.</summary>
    /// <value>Not set: <see langword="true"/> in mode Otlp, <see langword="false"/> in mode Mlflow, where each span costs the server milliseconds.</value>
    public bool? IncludeHttpSpans { get; set; }

    /// <summary>Gets or sets whether spans in mode Otlp carry MLflow's own attributes beside the convention's: without them MLflow shows raw JSON and empty dashboards.</summary>
    /// <value>Defaults to <see langword="true"/>.</value>
    public bool IncludeMlflowAttributes { get; set; } = true;

    /// <summary>Gets or sets whether a caller who says "not sampled" (<c>traceparent</c> ending in <c>-00</c>) silences model calls too.</summary>
    /// <value>Not set: <see langword="false"/> in mode Mlflow, <see langword="true"/> in mode Otlp.</value>
    public bool? HonorIncomingSampling { get; set; }

    /// <summary>Gets or sets whether those who call this application export their spans to the same MLflow: then a request's span stays a child of the caller's.</summary>
    /// <value>Defaults to <see langword="false"/>: the request's span is the root, else MLflow would wait for ever for one.</value>
    public bool CallersExportToMlflow { get; set; }

    /// <summary>Gets or sets whether MLflow prices model calls from its own catalog.</summary>
    /// <value>Defaults to <see langword="false"/>: the cost of a self-hosted model is zero, where MLflow would give it some cloud's price for a model of that name.</value>
    public bool UseMlflowPricing { get; set; }

    /// <summary>Gets or sets how long a finished trace may wait for others to be sent with it.</summary>
    /// <value>Defaults to 1 second; from 10 milliseconds to 1 minute.</value>
    public TimeSpan ExportInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets how many traces go in one request.</summary>
    /// <value>Defaults to 100, from 1 to 1,000: on a real server 50 to 100 traces a request is what takes the most traces a second.</value>
    public int MaxBatchTraces { get; set; } = 100;

    /// <summary>Gets or sets how many finished traces may wait; further ones are dropped and counted.</summary>
    /// <value>Defaults to 2,000; at least 1.</value>
    public int MaxQueuedTraces { get; set; } = 2000;

    /// <summary>Gets or sets how much content may wait, in bytes; further traces are dropped and counted.</summary>
    /// <value>Defaults to 64 MiB; at least 1 MiB.</value>
    public long MaxQueuedBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Gets or sets how long one request to MLflow may take.</summary>
    /// <value>Defaults to 60 seconds; at least 30, since a server without internet can take that long to look for a model's price.</value>
    public TimeSpan ExportTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how long a batch is tried again while the server is away; then it is dropped and counted.</summary>
    /// <value>Defaults to 10 minutes; zero for a single try.</value>
    public TimeSpan MaxRetryDuration { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets how long a stopping application waits for its last traces to arrive.</summary>
    /// <value>Defaults to 5 seconds.</value>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets whether requests are compressed with gzip.</summary>
    /// <value>Defaults to <see langword="true"/>.</value>
    public bool Compress { get; set; } = true;

    /// <summary>Gets or sets how long the spans of a trace are held for a root that does not end; then they go out without it.</summary>
    /// <value>Defaults to 10 minutes; at least 1 second.</value>
    public TimeSpan MaxTraceDuration { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets how often the health of MLflow (or of the OTLP endpoint) and of the LlamaStack server is asked, in the background.</summary>
    /// <value>Defaults to 30 seconds; at least 1 second.</value>
    public TimeSpan HealthProbeInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets whether the host refuses to start while traces could not be delivered.</summary>
    /// <value>Defaults to <see langword="false"/>: it starts, and one log line says what is wrong.</value>
    public bool FailOnStart { get; set; }

    /// <summary>Gets the server's address as it may be shown.</summary>
    internal string Address => Addresses.Shown(TrackingUri);

    internal bool IsActive => Mode is TracingMode.Otlp || Enabled;

    internal ContentPolicy CreateContentPolicy() => new(EffectiveContentCapture, Redact, MaxContentLength);

    internal ContentCapture EffectiveContentCapture =>
        ContentCapture ?? (Mode is TracingMode.Mlflow ? Instrumentation.ContentCapture.Full : Instrumentation.ContentCapture.None);

    internal bool EffectiveHonorIncomingSampling => HonorIncomingSampling ?? Mode is TracingMode.Otlp;

    internal bool EffectiveIncludeHttpSpans => IncludeHttpSpans ?? Mode is TracingMode.Otlp;

    /// <summary>No password and no token: for log lines and debuggers.</summary>
    /// <returns>Mode, address and experiment.</returns>
    public override string ToString() => $"{nameof(MlflowTracingOptions)} {{ Mode = {Mode}, TrackingUri = {Address}, ExperimentName = {ExperimentName} }}";
}
