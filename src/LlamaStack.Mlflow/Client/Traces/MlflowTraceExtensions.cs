using System.Net;

namespace LlamaStack.Mlflow;

/// <summary>Traces with their spans; their tags, their links, their end.</summary>
public static class MlflowTraceExtensions
{
    private const string Traces = "api/3.0/mlflow/traces";
    private const int MaxKeyLength = 250;

    /// <summary>MLflow takes no more in one call.</summary>
    private const int MaxLinked = 100;

    /// <summary>As many ids as make an address that every server and proxy takes.</summary>
    private const int MaxFetched = 50;

    /// <summary>Asks for a trace and its spans.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id: <c>tr-</c> and 32 hexadecimal digits.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The trace with its <see cref="MlflowTrace.Spans"/>, as far as they have arrived, or null where the server has none with that id.</returns>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has the trace but its spans elsewhere (500).</exception>
    /// <remarks>Source: <c>GET /api/3.0/mlflow/traces/get</c>.</remarks>
    public static async Task<MlflowTrace?> GetTraceWithSpansAsync(this MlflowClient client, string traceId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(traceId);
        var path = $"{Traces}/get?trace_id={Uri.EscapeDataString(traceId)}&allow_partial=true";
        return (await client.Server.FindAsync(path, MlflowJsonContext.Default.TraceAnswer, cancellationToken).ConfigureAwait(false))?.Trace?.WithSpans;
    }

    /// <summary>Asks for several traces and their spans.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceIds">The traces' ids, any number of them.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>Those that the server has, in its order, with their <see cref="MlflowTrace.Spans"/>.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>GET /api/3.0/mlflow/traces/batchGet</c>, 50 traces a call.</remarks>
    public static async Task<IReadOnlyList<MlflowTrace>> GetTracesWithSpansAsync(this MlflowClient client, IEnumerable<string> traceIds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(traceIds);
        List<MlflowTrace> traces = [];
        foreach (var ids in traceIds.Chunk(MaxFetched))
        {
            var path = $"{Traces}/batchGet?{string.Join('&', ids.Select(id => $"trace_ids={Uri.EscapeDataString(id)}"))}";
            var found = await client.Server.GetAsync(path, MlflowJsonContext.Default.WholeTraces, cancellationToken).ConfigureAwait(false);
            traces.AddRange((found.Traces ?? []).Select(trace => trace.WithSpans).OfType<MlflowTrace>());
        }

        return traces;
    }

    /// <summary>Sets a tag of a trace.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id.</param>
    /// <param name="key">The tag's key, 250 characters at most; <c>mlflow.traceName</c> renames the trace.</param>
    /// <param name="value">The tag's value; the server keeps 4,096 characters of it.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has no such trace (404).</exception>
    /// <remarks>Source: <c>PATCH /api/3.0/mlflow/traces/{trace_id}/tags</c>.</remarks>
    public static async Task SetTraceTagAsync(this MlflowClient client, string traceId, string key, string value, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(value);
        CheckKey(key);
        try
        {
            await client.Server.SendAsync(HttpMethod.Patch, Tags(traceId), new TraceTag(key, value), MlflowJsonContext.Default.TraceTag, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.ErrorCode is "BAD_REQUEST" && e.Message.Contains("foreign key", StringComparison.OrdinalIgnoreCase))
        {
            // The server lets its database say it.
            throw new MlflowException($"MLflow at {client.Server.Address} has no trace {traceId}.", HttpStatusCode.NotFound, MlflowConnection.DoesNotExist);
        }
    }

    /// <summary>Deletes a tag of a trace.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id.</param>
    /// <param name="key">The tag's key.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has no such trace or tag (404).</exception>
    /// <remarks>Source: <c>DELETE /api/3.0/mlflow/traces/{trace_id}/tags</c>.</remarks>
    public static Task DeleteTraceTagAsync(this MlflowClient client, string traceId, string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        CheckKey(key);
        return client.Server.SendAsync(HttpMethod.Delete, Tags(traceId), new TraceTag(key, null), MlflowJsonContext.Default.TraceTag, cancellationToken);
    }

    /// <summary>Deletes traces, with their spans and assessments, for good.</summary>
    /// <param name="client">The client.</param>
    /// <param name="experimentId">The id of the experiment that keeps them.</param>
    /// <param name="traceIds">The traces' ids, at least one; those of another experiment are passed over.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>How many were deleted.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>POST /api/3.0/mlflow/traces/delete-traces</c>.</remarks>
    public static Task<int> DeleteTracesAsync(this MlflowClient client, string experimentId, IReadOnlyCollection<string> traceIds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(traceIds);
        ArgumentOutOfRangeException.ThrowIfZero(traceIds.Count, nameof(traceIds));
        return DeleteAsync(client, new DeleteTraces(experimentId, traceIds, null, null), cancellationToken);
    }

    /// <summary>Deletes traces that began at a time or before, oldest first, with their spans and assessments, for good.</summary>
    /// <param name="client">The client.</param>
    /// <param name="experimentId">The id of the experiment that keeps them.</param>
    /// <param name="until">The time, exact to the millisecond.</param>
    /// <param name="maxTraces">How many at most; null for all.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>How many were deleted.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>POST /api/3.0/mlflow/traces/delete-traces</c>.</remarks>
    public static Task<int> DeleteTracesUntilAsync(this MlflowClient client, string experimentId, DateTimeOffset until, int? maxTraces = null, CancellationToken cancellationToken = default)
    {
        if (maxTraces is { } most)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(most, 1, nameof(maxTraces));
        }

        return DeleteAsync(client, new DeleteTraces(experimentId, null, until.ToUnixTimeMilliseconds(), maxTraces), cancellationToken);
    }

    /// <summary>Says that traces belong to a run; the filter <c>run_id = '…'</c> finds them then.</summary>
    /// <param name="client">The client.</param>
    /// <param name="runId">The run's id.</param>
    /// <param name="traceIds">The traces' ids, any number of them.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>POST /api/2.0/mlflow/traces/link-to-run</c>, 100 traces a call.</remarks>
    public static async Task LinkTracesToRunAsync(this MlflowClient client, string runId, IEnumerable<string> traceIds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(runId);
        ArgumentNullException.ThrowIfNull(traceIds);
        foreach (var ids in traceIds.Chunk(MaxLinked))
        {
            await client.Server.SendAsync(
                HttpMethod.Post, "api/2.0/mlflow/traces/link-to-run", new LinkTracesToRun(ids, runId), MlflowJsonContext.Default.LinkTracesToRun, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<int> DeleteAsync(MlflowClient client, DeleteTraces traces, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(traces.ExperimentId, "experimentId");
        var deleted = await client.Server.PostAsync(
            $"{Traces}/delete-traces", traces, MlflowJsonContext.Default.DeleteTraces, MlflowJsonContext.Default.DeletedTraces, cancellationToken).ConfigureAwait(false);
        return deleted.Count;
    }

    private static void CheckKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (key.Length > MaxKeyLength)
        {
            throw new ArgumentException($"The key is longer than {MaxKeyLength} characters, which MLflow refuses.", nameof(key));
        }
    }

    private static string Tags(string traceId) => $"{Traces}/{MlflowConnection.Segment(traceId)}/tags";
}
