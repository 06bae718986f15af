using System.Net;

namespace LlamaStack.Mlflow;

/// <summary>The route that takes spans: as the options say, else below the server's address; where a prefix is not its, at the root.</summary>
/// <remarks>A static prefix covers this route from MLflow 3.17 on, and before it does not; a proxy's prefix may or may not. So a page that says 404 is asked about once.</remarks>
internal sealed class TracesRoute(MlflowTracingOptions options)
{
    private const string Path = "v1/traces";

    private bool _isAtRoot;

    /// <summary>Posts an OTLP message.</summary>
    /// <param name="http">The client of the MLflow server.</param>
    /// <param name="experimentId">The experiment's id; never empty, for that is answered with 200, and the spans are lost.</param>
    /// <param name="content">Makes the body; a second time if need be.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<HttpResponseMessage> PostAsync(HttpClient http, string experimentId, Func<HttpContent> content, CancellationToken cancellationToken)
    {
        var atRoot = Volatile.Read(ref _isAtRoot);
        var answer = await SendAsync(http, atRoot, experimentId, content(), cancellationToken).ConfigureAwait(false);
        if (!IsPageNotFound(answer) || options.TracesEndpoint is not null || http.BaseAddress!.AbsolutePath is "/")
        {
            return answer;
        }

        var other = await SendAsync(http, !atRoot, experimentId, content(), cancellationToken).ConfigureAwait(false);
        if (IsPageNotFound(other))
        {
            other.Dispose();
            return answer;
        }

        Volatile.Write(ref _isAtRoot, !atRoot);
        answer.Dispose();
        return other;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpClient http, bool atRoot, string experimentId, HttpContent content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, options.TracesEndpoint ?? new Uri(http.BaseAddress!, atRoot ? $"/{Path}" : Path)) { Content = content };
        request.Headers.TryAddWithoutValidation(MlflowAttributes.Header.ExperimentId, experimentId);
        return await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private static bool IsPageNotFound(HttpResponseMessage answer) =>
        answer is { StatusCode: HttpStatusCode.NotFound, Content.Headers.ContentType.MediaType: "text/html" };
}
