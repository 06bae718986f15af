using LlamaStack.Testing;

namespace LlamaStack.Mlflow.Tests.Client;

/// <summary>A client of a stand-in that answers with recordings of a real MLflow.</summary>
internal sealed class RecordingClient : IAsyncDisposable
{
    private readonly HttpClient _http;

    private RecordingClient(MlflowTestServer server)
    {
        Server = server;
        _http = new HttpClient { BaseAddress = new Uri(server.Endpoint, "/") };
        Client = new MlflowClient(_http);
    }

    public MlflowTestServer Server { get; }

    public MlflowClient Client { get; }

    public static async Task<RecordingClient> StartAsync(params string[] answers)
    {
        var client = new RecordingClient(await MlflowTestServer.StartAsync(cancellationToken: Limit.Token));
        foreach (var file in answers)
        {
            client.Server.Enqueue(Recording.Read(file));
        }

        return client;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Server.DisposeAsync();
    }
}
