using LlamaStack.Mlflow;
using LlamaStack.Testing;

namespace LlamaStack.IntegrationTests;

/// <summary>An MLflow, real or stand-in, with a client and an experiment of the test's own: what holds for the one must hold for the other.</summary>
internal sealed class ServerUnderTest : IAsyncDisposable
{
    private readonly MlflowTestServer? _standIn;

    private ServerUnderTest(Uri address, MlflowTestServer? standIn)
    {
        _standIn = standIn;
        Http = new HttpClient { BaseAddress = new Uri(address.AbsoluteUri.TrimEnd('/') + "/") };
        Client = new MlflowClient(Http);
    }

    public static TheoryData<string> Kinds => ["real", "stand-in"];

    public MlflowClient Client { get; }

    public HttpClient Http { get; }

    public MlflowExperiment Experiment { get; private set; } = null!;

    public static async Task<ServerUnderTest> StartAsync(string kind, PeersFixture peers)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var standIn = kind == "stand-in" ? await MlflowTestServer.StartAsync(cancellationToken: cancellationToken) : null;
        var server = new ServerUnderTest(standIn?.Endpoint ?? (await peers.MlflowAsync()).Address, standIn);
        server.Experiment = await server.Client.GetOrCreateExperimentAsync($"client-{Guid.NewGuid():N}", cancellationToken);
        return server;
    }

    /// <summary>Sends spans as OTLP in JSON, with nothing of ours in between.</summary>
    /// <param name="spans">JSON objects of OTLP spans.</param>
    public async Task SendAsync(params string[] spans)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/traces")
        {
            Content = new StringContent($$$"""{"resourceSpans":[{"scopeSpans":[{"spans":[{{{string.Join(',', spans)}}}]}]}]}""", null, "application/json"),
        };
        request.Headers.Add("x-mlflow-experiment-id", Experiment.Id);
        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Sends a trace of one span.</summary>
    /// <returns>The trace's id.</returns>
    public async Task<string> SendTraceAsync(string name = "ask", string attributes = "")
    {
        var id = Guid.NewGuid().ToString("N");
        await SendAsync($$$"""
            {"traceId":"{{{id}}}","spanId":"{{{id[..16]}}}","name":"{{{name}}}","kind":3,"startTimeUnixNano":"1767225600123000000","endTimeUnixNano":"1767225601357000000",
             "attributes":[{"key":"mlflow.traceTag.mlflow.traceName","value":{"stringValue":"{{{name}}}"}}{{{(attributes.Length == 0 ? "" : "," + attributes)}}}]}
            """);
        return $"tr-{id}";
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_standIn is not null)
        {
            await _standIn.DisposeAsync();
        }
    }
}
