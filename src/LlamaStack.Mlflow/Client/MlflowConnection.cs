using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LlamaStack.Mlflow;

/// <summary>One HTTP call each, and what can go wrong with it as an <see cref="MlflowException"/>.</summary>
internal sealed class MlflowConnection(HttpClient http)
{
    public const string AlreadyExists = "RESOURCE_ALREADY_EXISTS";
    public const string DoesNotExist = "RESOURCE_DOES_NOT_EXIST";

    public Uri? Address => http.BaseAddress;

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, path, null, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, type, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Null where the server has no such thing.</summary>
    public async Task<T?> FindAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await GetAsync(path, type, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.ErrorCode is DoesNotExist)
        {
            return null;
        }
    }

    public Task<TAnswer> PostAsync<TRequest, TAnswer>(
        string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, request, requestType, answerType, cancellationToken);

    public async Task<TAnswer> SendAsync<TRequest, TAnswer>(
        HttpMethod method, string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken)
    {
        using var content = Json(request, requestType);
        using var response = await SendAsync(method, path, content, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, answerType, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>For calls whose answer says nothing.</summary>
    public async Task SendAsync<TRequest>(HttpMethod method, string path, TRequest request, JsonTypeInfo<TRequest> requestType, CancellationToken cancellationToken)
    {
        using var content = Json(request, requestType);
        (await SendAsync(method, path, content, cancellationToken).ConfigureAwait(false)).Dispose();
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw MlflowErrors.Unreachable(http.BaseAddress, e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await MlflowErrors.OfAsync(response, http.BaseAddress, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>An id as a part of a path. Dots alone would lead out of it.</summary>
    public static string Segment(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return id is "." or ".." ? throw new ArgumentException($"'{id}' is no id.", nameof(id)) : Uri.EscapeDataString(id);
    }

    /// <summary>JSON with its length: MLflow's REST API takes a chunked body for an empty one.</summary>
    private static ByteArrayContent Json<T>(T value, JsonTypeInfo<T> type)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellationToken).ConfigureAwait(false)
                ?? throw new MlflowException($"MLflow at {http.BaseAddress} answered with nothing.", response.StatusCode);
        }
        catch (JsonException e)
        {
            throw new MlflowException($"What answers at {http.BaseAddress} is no MLflow server: its answer cannot be read ({e.Message}).", response.StatusCode, innerException: e);
        }
    }
}
