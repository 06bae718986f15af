using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>
/// Tracing by hand: spans of one's own around model calls, and what is said of the current trace as a whole.
/// The counterpart of <c>mlflow.start_span</c> and <c>mlflow.update_current_trace</c> in Python.
/// </summary>
/// <remarks>Needs no dependency injection. Nothing here throws for want of a trace: where none is recorded, nothing happens.</remarks>
public static class LlamaStackTrace
{
    private static readonly AsyncLocal<AmbientScope?> _ambient = new();

    /// <summary>Gets the id of the current trace as MLflow names it.</summary>
    /// <value><c>tr-</c> and 32 hexadecimal digits; null where no trace is being recorded.</value>
    public static string? CurrentTraceId => TraceIdOf(Activity.Current);

    /// <summary>Gets the current span, whoever started it: to give a request's own span a type, inputs or outputs.</summary>
    /// <value>Null where no span is recorded. Disposing it ends nothing.</value>
    public static TraceSpan? CurrentSpan =>
        Activity.Current is { IsAllDataRequested: true } current ? new TraceSpan(current, null, owned: false) : null;

    internal static AmbientScope? Ambient => _ambient.Value;

    /// <summary>Starts a span below the current one and makes it the current one.</summary>
    /// <param name="name">The span's name: few different ones, no ids in it.</param>
    /// <param name="type">What it stands for.</param>
    /// <returns>The span; dispose it to end it.</returns>
    public static TraceSpan StartSpan(string name, SpanType type = SpanType.Chain)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Start(name, type, []);
    }

    /// <summary>Starts the span of an agent's turn: model calls and tools that follow hang below it.</summary>
    /// <param name="name">The agent's name, without an id.</param>
    /// <returns>The span; dispose it to end it.</returns>
    public static TraceSpan StartAgent(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Start(
            $"{GenAIAttributes.OperationValue.InvokeAgent} {name}",
            SpanType.Agent,
            [new(GenAIAttributes.Operation.Name, GenAIAttributes.OperationValue.InvokeAgent), new(GenAIAttributes.Agent.Name, name)]);
    }

    /// <summary>Starts the span of a function that a model asked for.</summary>
    /// <param name="name">The function's name as the model knows it.</param>
    /// <param name="callId">The id of the model's tool call, if known.</param>
    /// <returns>The span; dispose it to end it.</returns>
    public static TraceSpan StartTool(string name, string? callId = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        List<KeyValuePair<string, object?>> tags =
        [
            new(GenAIAttributes.Operation.Name, GenAIAttributes.OperationValue.ExecuteTool),
            new(GenAIAttributes.Tool.Name, name),
            new(GenAIAttributes.Tool.Type, "function"),
        ];
        if (callId is not null)
        {
            tags.Add(new(GenAIAttributes.Tool.CallId, callId));
        }

        return Start($"{GenAIAttributes.OperationValue.ExecuteTool} {name}", SpanType.Tool, tags);
    }

    /// <summary>Says to what everything belongs that is traced until the scope is disposed, in this flow of control: the counterpart of <c>mlflow.tracing.context</c> in Python.</summary>
    /// <param name="session">The session's id, for example of a conversation; 250 characters at most reach MLflow.</param>
    /// <param name="user">The user's id; 250 characters at most reach MLflow.</param>
    /// <param name="tags">Tags of the traces; keys of 250 characters and values of 8,000 at most reach MLflow.</param>
    /// <param name="metadata">Metadata of the traces, of the same lengths. It costs the server one more request for each trace: where a tag will do, a tag is cheaper.</param>
    /// <param name="runId">The id of the MLflow run that the traces belong to.</param>
    /// <returns>The scope; dispose it to end it.</returns>
    /// <remarks>
    /// It flows through async code inside the process and is never sent to another server. Scopes add to the ones around them; what a trace was told directly stays.
    /// </remarks>
    public static IDisposable BeginScope(
        string? session = null,
        string? user = null,
        IReadOnlyDictionary<string, string>? tags = null,
        IReadOnlyDictionary<string, string>? metadata = null,
        string? runId = null)
    {
        var scope = new AmbientScope(Ambient)
        {
            Session = session,
            User = user,
            RunId = runId,
            Tags = tags is null ? [] : [.. tags],
            Metadata = metadata is null ? [] : [.. metadata],
        };
        _ambient.Value = scope;
        if (Activity.Current is { } current)
        {
            scope.ApplyTo(current);
        }

        return scope;
    }

    /// <summary>Says whether prompts and answers are recorded of what is called until the scope is disposed, in this flow of control, whatever the options say.</summary>
    /// <param name="capture">What is recorded. <see cref="ContentCapture.Redacted"/> without a function that redacts in the options records nothing.</param>
    /// <returns>The scope; dispose it to end it.</returns>
    public static IDisposable BeginContentScope(ContentCapture capture) => _ambient.Value = new AmbientScope(Ambient) { Content = capture };

    /// <summary>Names the current trace.</summary>
    /// <param name="name">The name; MLflow keeps 4,096 characters.</param>
    public static void SetName(string name) => Update(name, static (trace, value) => trace.Name = value);

    /// <summary>Says to which session the current trace belongs.</summary>
    /// <param name="session">The session's id; 250 characters at most reach MLflow.</param>
    public static void SetSession(string session) => Update(session, static (trace, value) => trace.Session = value);

    /// <summary>Says to which user the current trace belongs.</summary>
    /// <param name="user">The user's id; 250 characters at most reach MLflow.</param>
    public static void SetUser(string user) => Update(user, static (trace, value) => trace.User = value);

    /// <summary>Gives the current trace an id of the application's own, by which it can be found again.</summary>
    /// <param name="clientRequestId">The id, 50 characters at most.</param>
    public static void SetClientRequestId(string clientRequestId) => Update(clientRequestId, static (trace, value) => trace.ClientRequestId = value);

    /// <summary>Sets what MLflow's list of traces shows as the request, instead of what it makes of the inputs.</summary>
    /// <param name="text">Plain text; 1,000 characters at most reach MLflow.</param>
    public static void SetRequestPreview(string text) => Update(text, static (trace, value) => trace.RequestPreview = value);

    /// <summary>Sets what MLflow's list of traces shows as the answer, instead of what it makes of the outputs.</summary>
    /// <param name="text">Plain text; 1,000 characters at most reach MLflow.</param>
    public static void SetResponsePreview(string text) => Update(text, static (trace, value) => trace.ResponsePreview = value);

    /// <summary>Sets a tag of the current trace; tags can be changed later.</summary>
    /// <param name="key">The tag's key, 250 characters at most.</param>
    /// <param name="value">The tag's value, 8,000 characters at most.</param>
    public static void SetTag(string key, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(value);
        Current()?.SetTag(key, value);
    }

    /// <summary>Sets metadata of the current trace; metadata cannot be changed later.</summary>
    /// <param name="key">The key, 250 characters at most.</param>
    /// <param name="value">The value, 8,000 characters at most.</param>
    /// <remarks>Costs the server one more request for the trace: where a tag will do, a tag is cheaper.</remarks>
    public static void SetMetadata(string key, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(value);
        Current()?.SetMetadata(key, value);
    }

    /// <summary>Says that the current trace belongs to a run of MLflow: the run's page lists it then.</summary>
    /// <param name="runId">The run's id. MLflow does not look whether there is one.</param>
    /// <remarks>Told by REST: where traces go over OTLP it has no effect.</remarks>
    public static void SetRun(string runId) => Update(runId, static (trace, value) => trace.RunId = value);

    /// <summary>Says that the current trace uses a version of a prompt of MLflow's registry: its page shows the prompt then, and <c>prompt = 'name/3'</c> finds it.</summary>
    /// <param name="name">The prompt's name.</param>
    /// <param name="version">The version's number, from 1.</param>
    /// <remarks>A prompt that <c>MlflowClient.LoadPromptAsync</c> loads within a trace is linked by itself. Costs the server one more request for the trace; where traces go over OTLP there is none, and the page alone shows the prompt.</remarks>
    public static void LinkPrompt(string name, int version)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        Current()?.LinkPrompt(name, version);
    }

    internal static string? TraceIdOf(Activity? activity) =>
        activity is { IsAllDataRequested: true } ? $"tr-{activity.TraceId.ToHexString()}" : null;

    internal static void EndScope(AmbientScope scope) => _ambient.Value = scope.Outer;

    private static TraceSpan Start(string name, SpanType type, IEnumerable<KeyValuePair<string, object?>> tags)
    {
        var previous = Activity.Current;
        var activity = SpanStarter.Start(name, ActivityKind.Internal, tags, ManualDefaults.HonorIncomingSampling);
        if (activity is { IsAllDataRequested: true })
        {
            new SpanContent(type).AttachTo(activity);
            Ambient?.ApplyTo(activity);
        }

        return new TraceSpan(activity, previous, owned: true);
    }

    private static void Update(string value, Action<TraceDetails, string> update)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (Current() is { } details)
        {
            update(details, value);
        }
    }

    private static TraceDetails? Current() => Activity.Current is { } current ? TraceDetails.OfOrNew(current) : null;
}
