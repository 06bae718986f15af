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

    /// <summary>Gets or sets the id of an MLflow run that all traces belong to: the run's page lists them then. <c>LlamaStackTrace.BeginScope</c> and <c>SetRun</c> go before it.</summary>
    /// <value>Not set by default. Environment: <c>MLFLOW_RUN_ID</c>.</value>
    /// <remarks>Costs the server next to nothing: one request for each batch. MLflow does not look whether there is such a run. Without effect in mode Otlp, which makes no call to MLflow.</remarks>
    public string? RunId { get; set; }

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

    /// <summary>Gets or sets a PEM file with the certificate authorities, or the self-signed certificate, that the server's certificate must come from.</summary>
    /// <value>Not set: those that the machine trusts. Cannot be combined with <see cref="InsecureTls"/>. Environment: <c>MLFLOW_TRACKING_SERVER_CERT_PATH</c>.</value>
    public string? CertificateAuthorityFile { get; set; }

    /// <summary>Gets or sets a file with the certificate, and its key, that the application shows to a server that asks for one: PEM, or PKCS#12 (<c>.pfx</c>, <c>.p12</c>).</summary>
    /// <value>Not set by default. Environment: <c>MLFLOW_TRACKING_CLIENT_CERT_PATH</c>.</value>
    public string? ClientCertificateFile { get; set; }

    /// <summary>Gets or sets a PEM file with the key of <see cref="ClientCertificateFile"/>, where it is not in the same file.</summary>
    /// <value>Not set by default.</value>
    public string? ClientCertificateKeyFile { get; set; }

    /// <summary>Gets or sets the password of the client certificate's key.</summary>
    /// <value>Not set by default.</value>
    public string? ClientCertificatePassword { get; set; }

    /// <summary>Gets or sets the proxy on the way to the MLflow server, with its user and password if it asks for them: <c>http://user:password@proxy.example:3128</c>.</summary>
    /// <value>Not set: as the system says (<c>HTTP_PROXY</c>, <c>HTTPS_PROXY</c>, <c>NO_PROXY</c>). http, https or socks5.</value>
    public Uri? Proxy { get; set; }

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

    /// <summary>Gets or sets whether MLflow's column <c>Source</c> is filled for every trace: the program's path and type, the commit that it was built from, its run.</summary>
    /// <value>Defaults to <see langword="false"/>: only traces that MLflow is told of by REST anyway have them (own metadata, previews that MLflow could not make, a server before 3.14).</value>
    /// <remarks>
    /// MLflow takes them by <c>StartTraceV3</c> alone, one request a trace, which costs the server as much as four or five traces do: up to some 20 traces a second that is no matter.
    /// Without effect in mode Otlp. The tags <c>service.name</c> and <c>service.version</c>, which cost nothing, say much the same.
    /// </remarks>
    public bool IncludeSource { get; set; }

    /// <summary>Gets or sets whether spans in mode Otlp carry MLflow's own attributes beside the convention's: without them MLflow shows raw JSON and empty dashboards.</summary>
    /// <value>Defaults to <see langword="true"/>.</value>
    public bool IncludeMlflowAttributes { get; set; } = true;

    /// <summary>Gets or sets whether a caller who says "not sampled" (<c>traceparent</c> ending in <c>-00</c>) silences model calls too.</summary>
    /// <value>Not set: <see langword="false"/> in mode Mlflow, <see langword="true"/> in mode Otlp.</value>
    public bool? HonorIncomingSampling { get; set; }

    /// <summary>Gets or sets whether those who call this application export their spans to the same MLflow: then a request's span stays a child of the caller's.</summary>
    /// <value>Defaults to <see langword="false"/>: the request's span is the root, else MLflow would wait for ever for one.</value>
    public bool CallersExportToMlflow { get; set; }

    /// <summary>Gets the application's own prices; the first that fits a model counts.</summary>
    /// <value>Empty by default. In configuration <c>LlamaStack:Tracing:Prices:0:Model</c>, <c>:InputPerMillion</c>, <c>:OutputPerMillion</c>, <c>:CacheReadPerMillion</c>, <c>:CacheWritePerMillion</c>, and so on.</value>
    public IList<MlflowModelPrice> Prices { get; } = [];

    /// <summary>Gets or sets whether MLflow prices model calls from its own catalog, where <see cref="Prices"/> has none.</summary>
    /// <value>Defaults to <see langword="false"/>: the cost of a self-hosted model is zero, where MLflow would give it some cloud's price for a model of that name.</value>
    public bool UseMlflowPricing { get; set; }

    /// <summary>Gets or sets which part of the traces is sent in mode Mlflow: 1 for all, 0.1 for one in ten, 0 for none. All parts of a trace share its fate, in all services that use the same ratio.</summary>
    /// <value>Defaults to 1; from 0 to 1. Environment: <c>MLFLOW_TRACE_SAMPLING_RATIO</c>.</value>
    /// <remarks>The application's own sampler goes first. In mode Otlp it is <c>OTEL_TRACES_SAMPLER</c> alone that decides.</remarks>
    public double SamplingRatio { get; set; } = 1;

    /// <summary>Gets the ratios of single operations, by the convention's names (<c>chat</c>, <c>embeddings</c>, <c>execute_tool</c>), in place of <see cref="SamplingRatio"/>.</summary>
    /// <value>Empty by default; each from 0 to 1.</value>
    /// <remarks>Of a trace with several operations the highest ratio counts: <c>embeddings</c> at 0.01 leaves out lone indexing, not the question that looks something up.</remarks>
    public IDictionary<string, double> OperationSamplingRatios { get; } = new Dictionary<string, double>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets or sets how long a finished trace may wait for others to be sent with it.</summary>
    /// <value>Defaults to 1 second; from 10 milliseconds to 1 minute.</value>
    public TimeSpan ExportInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets how many traces go in one request.</summary>
    /// <value>Defaults to 100, from 1 to 1,000: on a real server 50 to 100 traces a request is what takes the most traces a second.</value>
    public int MaxBatchTraces { get; set; } = 100;

    /// <summary>Gets or sets how many requests with traces may be on their way at once. Two parts of one trace never are.</summary>
    /// <value>Defaults to 1, from 1 to 64. On PostgreSQL with several workers 4 doubles the rate; on SQLite more than one only wait for its lock.</value>
    public int MaxConcurrentRequests { get; set; } = 1;

    /// <summary>Gets or sets how many finished traces may wait in memory; further ones are dropped and counted.</summary>
    /// <value>Defaults to 2,000; at least 1.</value>
    public int MaxQueuedTraces { get; set; } = 2000;

    /// <summary>Gets or sets how much finished traces may take in memory while they wait, in bytes; further ones are dropped and counted.</summary>
    /// <remarks>Half as much again is held of traces that still run. Beyond that, what has ended of them leaves before they end.</remarks>
    /// <value>Defaults to 64 MiB; at least 1 MiB.</value>
    public long MaxQueuedBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Gets or sets a directory where finished traces wait until they have arrived, through outages and beyond the end of the process.</summary>
    /// <value>Not set: they wait in memory. Relative to the process's directory. Several processes may share it.</value>
    /// <remarks>
    /// A trace is on disk milliseconds after its end, which a killed process does not undo, and flushed within a second, which a loss of power does not undo. The files hold what the traces
    /// hold, prompts and answers too, and no credentials; only the owner can read them.
    /// In mode Otlp it is the directory of OpenTelemetry's own retry, which keeps less: requests that the endpoint did not take, 50 MB of them, for two days, and tries them again once a
    /// minute; what the exporter has not tried to send yet ends with the process. <see cref="MaxSpoolBytes"/> and <see cref="MaxSpoolAge"/> say nothing to it.
    /// </remarks>
    public string? SpoolDirectory { get; set; }

    /// <summary>Gets or sets how big the spool of one server and experiment may be, in bytes, with the files of other processes; further traces are dropped and counted.</summary>
    /// <value>Defaults to 1 GiB; at least 1 MiB.</value>
    public long MaxSpoolBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>Gets or sets how long a trace may wait in the spool; then it is dropped and counted.</summary>
    /// <value>Defaults to 7 days; at least 1 minute.</value>
    public TimeSpan MaxSpoolAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Gets or sets how long one request to MLflow may take.</summary>
    /// <value>Defaults to 60 seconds; at least 30, since a server without internet can take that long to look for a model's price.</value>
    public TimeSpan ExportTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how long a batch is tried again while the server is away; then it is dropped and counted. With a spool it stays there and is tried anew.</summary>
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
