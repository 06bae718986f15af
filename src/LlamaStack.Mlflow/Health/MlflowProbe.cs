using System.Net.Http.Headers;

namespace LlamaStack.Mlflow;

/// <summary>
/// Can MLflow take our traces? The smallest OTLP request proves route, credentials and permission, and stores nothing; version, store and experiment are asked too,
/// since that answer says nothing of them.
/// </summary>
internal sealed class MlflowProbe(IHttpClientFactory clients, TracesRoute route, MlflowClient client, MlflowServer server, MlflowTracingOptions options, DeliveryState delivery) : IProbe
{
    /// <summary>From this version on MLflow's basic authentication covers the route that traces take.</summary>
    private static readonly Version _authenticatesTraces = new(3, 10);
    private static readonly Version _oldest = new(3, 7);

    /// <summary>What servers before a version do not keep, or need a second request for.</summary>
    private static readonly (Version Since, string What)[] _lacks =
    [
        (new(3, 10), "costs and the figures of its dashboards"),
        (new(3, 13), "links between spans"),
        (new(3, 14), "the name, session and user of a trace without a second request for each"),
        (new(3, 18), "kinds of spans"),
    ];

    /// <summary>One empty <c>ResourceSpans</c>.</summary>
    private static readonly byte[] _nothing = [0x0A, 0x00];

    public string Name => HealthChecks.Mlflow;

    /// <summary>What is safe until the server is well.</summary>
    private string Waiting => delivery.Spooled?.Invoke() is > 0 and var spooled ? $" {spooled} traces wait on disk." : "";

    public string Subject => $"MLflow at {options.Address}";

    public async Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            server.Forget();
            var target = await server.GetTargetAsync(cancellationToken).ConfigureAwait(false);
            await PostNothingAsync(target, cancellationToken).ConfigureAwait(false);
            if (await client.GetServerInfoAsync(cancellationToken).ConfigureAwait(false) is { StoreType: "FileStore" })
            {
                return ProbeResult.Unhealthy($"MLflow at {options.Address} keeps its data in files, where traces cannot be stored: start it with --backend-store-uri sqlite:///mlflow.db.");
            }

            return Describe(target);
        }
        catch (MlflowException e)
        {
            return ProbeResult.Unhealthy(e.Message + Waiting);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return ProbeResult.Unhealthy(MlflowErrors.Unreachable(new Uri(options.Address), e).Message + Waiting);
        }
    }

    private async Task PostNothingAsync(MlflowServer.Target target, CancellationToken cancellationToken)
    {
        using var http = clients.CreateClient(MlflowHttp.ClientName);
        using var response = await route.PostAsync(
            http, target.ExperimentId, static () => new ByteArrayContent(_nothing) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-protobuf") } }, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            throw await MlflowErrors.OfAsync(response, http.BaseAddress, cancellationToken).ConfigureAwait(false);
        }
    }

    private ProbeResult Describe(MlflowServer.Target target)
    {
        var where = $"MLflow {target.Version} at {options.Address}, experiment \"{target.ExperimentName}\" (id {target.ExperimentId})";
        if (delivery.Problem is { } problem)
        {
            return ProbeResult.Degraded($"{where} answers, but the last traces did not arrive: {problem}{Waiting}");
        }

        if (delivery.SpoolProblem is { } spool)
        {
            return ProbeResult.Degraded($"{where} takes traces, but not from the disk: {spool}");
        }

        if (target.Version < _oldest)
        {
            return ProbeResult.Degraded($"{where} is older than {_oldest}, the oldest that is supported: update MLflow.");
        }

        if (target.Version < _authenticatesTraces && MlflowHttp.HasUser(options))
        {
            return ProbeResult.Degraded($"{where} takes traces from anyone, whatever its basic authentication says: update MLflow to {_authenticatesTraces} or newer.");
        }

        var lacks = string.Join(", ", _lacks.Where(feature => target.Version < feature.Since).Select(static feature => $"{feature.What} ({feature.Since})"));
        return ProbeResult.Healthy(
            (delivery.Losses is { } losses ? $"{where} takes traces; {losses}." : $"{where} takes traces.") + (lacks.Length > 0 ? $" What only newer versions keep: {lacks}." : "") + Waiting);
    }
}
