using System.Net;
using System.Text;

namespace LlamaStack.Benchmarks;

/// <summary>Takes spans as an MLflow server does, out of the connection and into nothing: what is measured is the client's side alone.</summary>
internal sealed class MlflowStub : HttpMessageHandler
{
    private const string Experiment = """{"experiment":{"experiment_id":"1","name":"bench","lifecycle_stage":"active"}}""";

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(Send(request, cancellationToken));

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Content?.CopyTo(Stream.Null, null, cancellationToken);
        var path = request.RequestUri!.AbsolutePath;
        return new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = path == "/version" ? new StringContent("3.18.0")
                : path == "/v1/traces" ? new ByteArrayContent([])
                : new StringContent(Experiment, Encoding.UTF8, "application/json"),
        };
    }
}
