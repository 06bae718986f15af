using System.Text;

namespace LlamaStack.Testing;

/// <summary>An MLflow tracking server as far as tracing goes: it takes what the real one takes, refuses what that refuses, and tells what it made of it.</summary>
/// <remarks>
/// <para>
/// Served: OTLP spans with the real rules of translation, previews, sums and states; experiments, traces (V3), their metrics, assessments, prompts, health, version,
/// server info. Not served: runs, models, artifacts, the web pages. There is no price list, and workspaces are off.
/// </para>
/// <para>Experiment <c>0</c>, <c>Default</c>, is there from the start.</para>
/// </remarks>
public sealed class MlflowTestServer : LoopbackTestServer
{
    private readonly MlflowStore _store;
    private readonly MlflowBehaviour _behaviour;
    private readonly MlflowGate _gate;
    private readonly MlflowRoutes _routes = new();
    private readonly string _prefix;

    private MlflowTestServer(MlflowTestServerOptions options)
        : base(options.TimeProvider)
    {
        _behaviour = new MlflowBehaviour(options.Version);
        _store = new MlflowStore(TimeProvider, _behaviour);
        _gate = new MlflowGate(options, _behaviour);
        _prefix = options.StaticPrefix?.TrimEnd('/') ?? "";
        _routes.MapOtlp(new OtlpRoute(_store, _behaviour, options.StoreType).Export);
        new ServerRoutes(_behaviour, options.StoreType).Map(_routes);
        new ExperimentRoutes(_store, _behaviour).Map(_routes);
        new AssessmentRoutes(_store).Map(_routes);
        new TraceRoutes(_store, _behaviour).Map(_routes);
        new MetricsRoutes(_store, _behaviour).Map(_routes);
        new PromptRoutes(_store).Map(_routes);
    }

    /// <summary>Gets all traces, in the order of their first arrival.</summary>
    public IReadOnlyList<MlflowTestTrace> Traces => Read<IReadOnlyList<MlflowTestTrace>>(store => [.. store.Traces.Values.Select(static trace => new MlflowTestTrace(trace))]);

    /// <summary>Gets all experiments, deleted ones too.</summary>
    public IReadOnlyList<MlflowTestExperiment> Experiments =>
        Read<IReadOnlyList<MlflowTestExperiment>>(store => [.. store.Experiments.Select(static experiment => new MlflowTestExperiment(experiment))]);

    /// <summary>Starts a server on a free port of loopback.</summary>
    /// <param name="options">Settings; not to be changed afterwards.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="ArgumentException">The version is none.</exception>
    public static async Task<MlflowTestServer> StartAsync(MlflowTestServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new MlflowTestServer(options ?? new MlflowTestServerOptions());
        await server.ListenAsync(server._prefix, cancellationToken).ConfigureAwait(false);
        return server;
    }

    /// <summary>Makes the next requests fail.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">Sent as JSON if it begins with a brace, else as text.</param>
    /// <param name="count">How many requests.</param>
    /// <param name="path">Which path, such as <c>/v1/traces</c>; any if omitted.</param>
    public void FailNext(int status, string body = "", int count = 1, string? path = null)
    {
        var failure = new ScriptedExchange
        {
            Path = path,
            Status = status,
            Headers = new Dictionary<string, string> { ["content-type"] = body.StartsWith('{') ? "application/json" : "text/plain; charset=utf-8" },
            Body = Encoding.UTF8.GetBytes(body),
        };
        for (var i = 0; i < count; i++)
        {
            Enqueue(failure);
        }
    }

    /// <summary>Waits until a trace is there and has left <c>IN_PROGRESS</c>: its root has arrived, or StartTraceV3.</summary>
    /// <param name="traceId">With <c>tr-</c>, or the 32 digits of an activity's trace id alone.</param>
    /// <param name="cancellationToken">Give one with a time limit: without it the wait has no end.</param>
    public Task<MlflowTestTrace> WaitForTraceAsync(string traceId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(traceId);
        var id = traceId.StartsWith("tr-", StringComparison.Ordinal) ? traceId : $"tr-{traceId}";
        return Changes.UntilAsync(() => Read(store => store.FindTrace(id) is { } trace && IsDone(trace) ? new MlflowTestTrace(trace) : null), cancellationToken);
    }

    /// <summary>Waits until so many traces have left <c>IN_PROGRESS</c>.</summary>
    /// <param name="count">How many, at least.</param>
    /// <param name="cancellationToken">Give one with a time limit: without it the wait has no end.</param>
    /// <returns>All traces that have, by then perhaps more than asked for.</returns>
    public Task<IReadOnlyList<MlflowTestTrace>> WaitForTracesAsync(int count, CancellationToken cancellationToken = default) =>
        Changes.UntilAsync(
            () => Read(store => store.Traces.Values.Count(IsDone) >= count
                ? (IReadOnlyList<MlflowTestTrace>)[.. store.Traces.Values.Where(IsDone).Select(static trace => new MlflowTestTrace(trace))]
                : null),
            cancellationToken);

    private protected override async Task AnswerAsync(Call call)
    {
        var answer = Answer(call);
        Changes.Beat();
        await answer.WriteAsync(call).ConfigureAwait(false);
    }

    private MlflowAnswer Answer(Call call)
    {
        var path = call.Request.Path;
        var below = _prefix.Length > 0 && path.StartsWith(_prefix + "/", StringComparison.Ordinal);
        path = below ? path[_prefix.Length..] : path;
        if (_prefix.Length > 0 && _behaviour.IsPrefixed(path) != below)
        {
            return MlflowAnswer.NotFound();
        }

        try
        {
            return _gate.Refuse(call, path) ?? Read(_ => _routes.Answer(call, path));
        }
        catch (MlflowError error)
        {
            return MlflowAnswer.Error(error, _behaviour);
        }
    }

    private static bool IsDone(TraceRow trace) => trace.State != TraceRow.InProgress;

    private T Read<T>(Func<MlflowStore, T> read)
    {
        lock (_store.Sync)
        {
            return read(_store);
        }
    }
}
