using System.Runtime.CompilerServices;

namespace LlamaStack.Mlflow;

/// <summary>Sessions: MLflow keeps none, they are what traces name.</summary>
public static class MlflowSessionExtensions
{
    private const string Key = $"metadata.`{MlflowAttributes.Metadata.Session}`";

    /// <summary>Goes through the sessions of an experiment, that with the newest trace first.</summary>
    /// <param name="client">The client.</param>
    /// <param name="experimentId">The experiment's id, digits.</param>
    /// <param name="filter">A condition that one of a session's traces must meet, in MLflow's own words; null for all sessions.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <returns>Each session once, with all its traces. Traces without a session are passed over.</returns>
    /// <exception cref="MlflowException">The server refused, for example a filter that it does not understand, or could not be reached.</exception>
    /// <remarks>One search for the whole, and one for each session. Source: <c>POST /api/3.0/mlflow/traces/search</c>.</remarks>
    public static async IAsyncEnumerable<MlflowSession> SearchSessionsAsync(
        this MlflowClient client, string experimentId, string? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        HashSet<string> seen = [];
        await foreach (var trace in client.SearchTracesAsync(experimentId, filter, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            if (trace.Session is { Length: > 0 } id && seen.Add(id) && await client.GetSessionAsync(experimentId, id, cancellationToken).ConfigureAwait(false) is { } session)
            {
                yield return session;
            }
        }
    }

    /// <summary>Asks for a session.</summary>
    /// <param name="client">The client.</param>
    /// <param name="experimentId">The experiment's id, digits.</param>
    /// <param name="sessionId">The session's id.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The session with all its traces, or null where no trace names it.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>POST /api/3.0/mlflow/traces/search</c>.</remarks>
    public static async Task<MlflowSession?> GetSessionAsync(this MlflowClient client, string experimentId, string sessionId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(sessionId);
        List<MlflowTrace> traces = [];
        await foreach (var trace in client.SearchTracesAsync(experimentId, Named(sessionId), orderBy: "timestamp_ms ASC", cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            if (trace.Session == sessionId)
            {
                traces.Add(trace);
            }
        }

        return traces.Count == 0 ? null : new MlflowSession(sessionId, traces);
    }

    /// <summary>MLflow's filters have two kinds of quotes and no way to escape either. Where both are in the text, a pattern finds it among others.</summary>
    private static string Named(string sessionId) =>
        !sessionId.Contains('\'', StringComparison.Ordinal) ? $"{Key} = '{sessionId}'"
        : !sessionId.Contains('"', StringComparison.Ordinal) ? $"{Key} = \"{sessionId}\""
        : $"{Key} LIKE '{sessionId.Replace('\'', '_')}'";
}
