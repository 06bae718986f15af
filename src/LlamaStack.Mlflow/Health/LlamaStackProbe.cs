using System.Net;
using LlamaStack.Client;

namespace LlamaStack.Mlflow;

/// <summary>Is the LlamaStack server up, and does it know the configured model? That it lists one does not prove that it can serve it; only a call would.</summary>
internal sealed class LlamaStackProbe(string server, LlamaStackClient client, LlamaStackClientOptions options) : IProbe
{
    private readonly string _section = server.Length == 0 ? LlamaStackClientOptions.SectionName : $"{LlamaStackClientOptions.SectionName}:Servers:{server}";

    public string Name { get; } = HealthChecks.OfServer(server);

    public string Subject => $"The LlamaStack server at {client.Endpoint}";

    public async Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await client.GetHealthAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (LlamaStackException e) when (e.StatusCode is HttpStatusCode.Forbidden)
        {
            return ProbeResult.Degraded($"The LlamaStack server at {client.Endpoint} runs, but does not let us ask for its health (403): its route_policy leaves /v1/health out.");
        }
        catch (LlamaStackException e)
        {
            return ProbeResult.Unhealthy(e.Message);
        }

        try
        {
            var version = await client.GetVersionAsync(cancellationToken).ConfigureAwait(false);
            var models = await client.ListModelsAsync(cancellationToken).ConfigureAwait(false);
            var missing = new[] { options.Model, options.EmbeddingModel }.FirstOrDefault(model => !string.IsNullOrEmpty(model) && models.All(known => known.Id != model));
            return missing is null
                ? ProbeResult.Healthy($"LlamaStack {version.Version} at {client.Endpoint} runs and lists {models.Count} models; whether it can serve them only a call would show.")
                : ProbeResult.Degraded($"LlamaStack {version.Version} at {client.Endpoint} runs, but does not list the model \"{missing}\" (it may serve it all the same). Models are set by {_section}:Model and {_section}:EmbeddingModel.");
        }
        catch (LlamaStackException e) when (e.StatusCode is HttpStatusCode.Unauthorized)
        {
            return ProbeResult.Unhealthy($"The LlamaStack server at {client.Endpoint} runs, but does not know our key (401): set {_section}:ApiKey{(server.Length == 0 ? " or LLAMA_STACK_CLIENT_API_KEY" : "")}.");
        }
        catch (LlamaStackException e)
        {
            return ProbeResult.Degraded(e.Message);
        }
    }
}
