using System.Buffers;
using System.Net;
using System.Runtime.CompilerServices;

namespace LlamaStack.Mlflow;

/// <summary>The REST API of an MLflow tracking server, as far as tracing needs it.</summary>
/// <remarks>Registered by <c>WithMlflowTracing()</c> with the address and credentials of <see cref="MlflowTracingOptions"/>.</remarks>
public sealed class MlflowClient
{
    internal const string DoesNotExist = MlflowConnection.DoesNotExist;

    private static readonly SearchValues<char> _versionCharacters = SearchValues.Create("0123456789.");

    /// <summary>Creates a client.</summary>
    /// <param name="http">Its base address is the server's, with its prefix and a slash at the end; its default headers hold the credentials.</param>
    public MlflowClient(HttpClient http)
    {
        ArgumentNullException.ThrowIfNull(http);
        Server = new MlflowConnection(http);
    }

    internal MlflowConnection Server { get; }

    /// <summary>Asks for the server's version.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>For example <c>3.18.0</c>.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>GET /version</c>.</remarks>
    public async Task<Version> GetVersionAsync(CancellationToken cancellationToken = default)
    {
        using var response = await Server.SendAsync(HttpMethod.Get, "version", null, cancellationToken).ConfigureAwait(false);
        var text = (await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false)).Trim();
        var end = text.AsSpan().IndexOfAnyExcept(_versionCharacters);
        return Version.TryParse(text.AsSpan(0, end < 0 ? text.Length : end).TrimEnd('.'), out var version)
            ? version
            : throw new MlflowException($"What answers at {Server.Address} is no MLflow server: it calls its version \"{TraceSummary.Cut(text, 40)}\".", response.StatusCode);
    }

    /// <summary>Looks an experiment up by its name; deleted ones are found, too.</summary>
    /// <param name="name">The experiment's name.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The experiment, or null where there is none of that name.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>GET /api/2.0/mlflow/experiments/get-by-name</c>.</remarks>
    public Task<MlflowExperiment?> GetExperimentByNameAsync(string name, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return FindExperimentAsync($"api/2.0/mlflow/experiments/get-by-name?experiment_name={Uri.EscapeDataString(name)}", cancellationToken);
    }

    /// <summary>Looks an experiment up by its id; deleted ones are found, too.</summary>
    /// <param name="experimentId">The experiment's id, digits.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The experiment, or null where there is none with that id.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>GET /api/2.0/mlflow/experiments/get</c>.</remarks>
    public Task<MlflowExperiment?> GetExperimentAsync(string experimentId, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(experimentId);
        return FindExperimentAsync($"api/2.0/mlflow/experiments/get?experiment_id={Uri.EscapeDataString(experimentId)}", cancellationToken);
    }

    /// <summary>Finds an experiment by its name, or creates it; several who do that at once get the same one.</summary>
    /// <param name="name">The experiment's name, 500 characters at most.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The experiment.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached; or the experiment of that name is deleted.</exception>
    /// <remarks>Source: <c>POST /api/2.0/mlflow/experiments/create</c>.</remarks>
    public async Task<MlflowExperiment> GetOrCreateExperimentAsync(string name, CancellationToken cancellationToken = default)
    {
        var experiment = await GetExperimentByNameAsync(name, cancellationToken).ConfigureAwait(false);
        if (experiment is null)
        {
            try
            {
                var created = await Server.PostAsync(
                    "api/2.0/mlflow/experiments/create", new CreateExperiment(name), MlflowJsonContext.Default.CreateExperiment, MlflowJsonContext.Default.CreatedExperiment, cancellationToken).ConfigureAwait(false);
                return new MlflowExperiment { Id = created.ExperimentId, Name = name, LifecycleStage = "active" };
            }
            catch (MlflowException e) when (e.ErrorCode is MlflowConnection.AlreadyExists)
            {
                // Someone else was faster.
                experiment = await GetExperimentByNameAsync(name, cancellationToken).ConfigureAwait(false);
                if (experiment is null)
                {
                    throw;
                }
            }
        }

        return experiment.IsDeleted ? throw Deleted(experiment) : experiment;
    }

    /// <summary>Searches the traces of an experiment, newest first unless told otherwise, page after page as they are read.</summary>
    /// <param name="experimentId">The experiment's id, digits.</param>
    /// <param name="filter">A condition in MLflow's own words, for example <c>trace.status = 'ERROR'</c>; null for all.</param>
    /// <param name="pageSize">How many are asked for at once, from 1 to 500.</param>
    /// <param name="orderBy">A key in MLflow's own words and a direction: <c>timestamp_ms</c>, <c>execution_time_ms</c>, <c>end_time_ms</c>, <c>name</c> or <c>status</c>, <c>ASC</c> or <c>DESC</c>.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <returns>The traces, without their spans.</returns>
    /// <exception cref="MlflowException">The server refused, for example a filter that it does not understand, or could not be reached.</exception>
    /// <remarks>Source: <c>POST /api/3.0/mlflow/traces/search</c>.</remarks>
    public async IAsyncEnumerable<MlflowTrace> SearchTracesAsync(
        string experimentId, string? filter = null, int pageSize = 100, string orderBy = "timestamp_ms DESC", [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(experimentId);
        ArgumentException.ThrowIfNullOrEmpty(orderBy);
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageSize, 500);
        string? page = null;
        do
        {
            var found = await Server.PostAsync(
                "api/3.0/mlflow/traces/search",
                new SearchTraces([TraceLocation.Of(experimentId)], filter, pageSize, [orderBy], page),
                MlflowJsonContext.Default.SearchTraces,
                MlflowJsonContext.Default.FoundTraces,
                cancellationToken).ConfigureAwait(false);
            foreach (var trace in found.Traces ?? [])
            {
                yield return trace;
            }

            page = found.NextPageToken;
        }
        while (!string.IsNullOrEmpty(page));
    }

    /// <summary>Asks for a trace.</summary>
    /// <param name="traceId">The trace's id: <c>tr-</c> and 32 hexadecimal digits.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The trace without its spans, or null where the server has none with that id (yet).</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>GET /api/3.0/mlflow/traces/{trace_id}</c>.</remarks>
    public async Task<MlflowTrace?> GetTraceAsync(string traceId, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(traceId);
        var answer = await Server.FindAsync($"api/3.0/mlflow/traces/{MlflowConnection.Segment(traceId)}", MlflowJsonContext.Default.TraceAnswer, cancellationToken).ConfigureAwait(false);
        return answer?.Trace?.TraceInfo;
    }

    /// <summary>Asks what the server is.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>What it says of itself, or null from a server before 3.10, which does not.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>GET /api/3.0/mlflow/server-info</c>.</remarks>
    public async Task<MlflowServerInfo?> GetServerInfoAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await Server.GetAsync("api/3.0/mlflow/server-info", MlflowJsonContext.Default.MlflowServerInfo, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.StatusCode is HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>StartTraceV3: tells the server what its OTLP endpoint cannot take. After the spans, and whole each time.</summary>
    internal Task StartTraceAsync(StartTraceInfo info, CancellationToken cancellationToken) =>
        Server.SendAsync(HttpMethod.Post, "api/3.0/mlflow/traces", new StartTrace(new StartTraceBody(info)), MlflowJsonContext.Default.StartTrace, cancellationToken);

    internal static MlflowException Deleted(MlflowExperiment experiment) => new(
        $"MLflow's experiment \"{experiment.Name}\" (id {experiment.Id}) is deleted: traces sent to it would be kept where nobody sees them. "
        + $"Restore it (mlflow experiments restore --experiment-id {experiment.Id}), or set another name in LlamaStack:Tracing:ExperimentName or MLFLOW_EXPERIMENT_NAME.",
        HttpStatusCode.OK);

    private async Task<MlflowExperiment?> FindExperimentAsync(string path, CancellationToken cancellationToken) =>
        (await Server.FindAsync(path, MlflowJsonContext.Default.ExperimentAnswer, cancellationToken).ConfigureAwait(false))?.Experiment;
}
