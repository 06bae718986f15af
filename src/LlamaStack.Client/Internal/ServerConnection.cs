using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LlamaStack.Client;

/// <summary>One HttpClient's way to one server: sends JSON, reads JSON or events, and makes a <see cref="LlamaStackException"/> of whatever fails.</summary>
internal sealed class ServerConnection
{
    /// <summary>The most bytes read of an error.</summary>
    private const int LongestError = 64 * 1024;

    private static readonly HttpRequestOptionsKey<CancellationToken> _callerToken = new("CallerCancellationToken");
    private static readonly ProductInfoHeaderValue _userAgent = new("LlamaStack.Client", LlamaStackClientDiagnostics.Version);

    private readonly HttpClient _http;
    private readonly LlamaStackClientOptions _options;
    private readonly string _section;
    private readonly TimeProvider _time;

    public ServerConnection(HttpClient http, LlamaStackClientOptions options, string section, TimeProvider time)
    {
        _http = http;
        _options = options;
        _section = section;
        _time = time;
        Endpoint = ApiRoot(http.BaseAddress ?? LlamaStackClientOptions.DefaultEndpoint);
    }

    /// <summary>The address of the API; ends in <c>/v1/</c>.</summary>
    public Uri Endpoint { get; }

    /// <summary>The API below a server's address, which may end in <c>/v1</c> or not, in a slash or not.</summary>
    public static Uri ApiRoot(Uri address)
    {
        var root = address.GetLeftPart(UriPartial.Path).TrimEnd('/');
        return new Uri(root.EndsWith("/v1", StringComparison.OrdinalIgnoreCase) ? $"{root}/" : $"{root}/v1/");
    }

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> answer, CancellationToken cancellationToken)
        where T : WireObject
    {
        using var response = await SendAsync(HttpMethod.Get, path, body: null, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, answer, cancellationToken).ConfigureAwait(false);
    }

    public async Task<T> PostAsync<TRequest, T>(
        string path, TRequest request, JsonTypeInfo<TRequest> requestInfo, JsonTypeInfo<T> answer, CancellationToken cancellationToken)
        where T : WireObject
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(request, requestInfo);
        using var response = await SendAsync(HttpMethod.Post, path, body, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, answer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Posts, and yields the events of the answer, up to the one that <paramref name="isLast"/> tells; an answer without it is broken.
    /// Where there is no such event, the body's end will do.</summary>
    public async IAsyncEnumerable<T> StreamAsync<TRequest, T>(
        string path,
        TRequest request,
        JsonTypeInfo<TRequest> requestInfo,
        JsonTypeInfo<T> eventInfo,
        Func<T, bool>? isLast,
        [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(request, requestInfo);
        using var response = await SendAsync(HttpMethod.Post, path, body, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        var content = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var watched = new IdleTimeoutStream(content, _options.StreamIdleTimeout, _time, cancellationToken);
        if (IsJson(response.Content.Headers.ContentType))
        {
            var error = await ReadErrorAsync(watched, cancellationToken).ConfigureAwait(false);
            throw Refused(response, response.StatusCode, error, $"answered {Describe(response)} with one JSON document to a request for a stream");
        }

        var frames = SseParser.Create(watched, (_, data) => ReadFrame(data, eventInfo)).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var closing = frames.ConfigureAwait(false);
        var count = 0;
        while (await MoveNextAsync(frames, response, cancellationToken).ConfigureAwait(false))
        {
            if (frames.Current.Data.Item is not { } item)
            {
                continue;
            }

            count++;
            yield return item;
            if (isLast?.Invoke(item) == true)
            {
                yield break;
            }
        }

        if (count == 0)
        {
            throw Failed(
                response,
                response.StatusCode,
                $"answered {Describe(response)} with a stream without any event; content type: {ContentType(response)}. The model's provider may have sent nothing");
        }

        if (isLast is not null)
        {
            throw Failed(response, response.StatusCode, "ended its answer before the response was complete");
        }
    }

    private async ValueTask<bool> MoveNextAsync<T>(
        IAsyncEnumerator<SseItem<Frame<T>>> frames, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await frames.MoveNextAsync().ConfigureAwait(false) && !frames.Current.Data.IsEnd;
        }
        catch (ErrorFrameException exception)
        {
            throw Refused(response, exception.Error.Status, exception.Error, "reported an error within its answer");
        }
        catch (Exception exception) when (IsMisread(exception))
        {
            throw Failed(response, response.StatusCode, $"sent an event that is not the expected JSON. {exception.Message}", exception);
        }
        catch (Exception exception) when (Translate(exception, response, "broke off its answer", "StreamIdleTimeout", cancellationToken) is { } translated)
        {
            throw translated;
        }
    }

    private static Frame<T> ReadFrame<T>(ReadOnlySpan<byte> data, JsonTypeInfo<T> eventInfo)
        where T : class
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            return new(null, IsEnd: true);
        }

        if (data.IsEmpty)
        {
            return default;
        }

        return ErrorBody.IsErrorFrame(data, out var error)
            ? throw new ErrorFrameException(error)
            : new(JsonSerializer.Deserialize(data, eventInfo), IsEnd: false);
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, byte[]? body, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        // Not disposed: a handler that watches the answer may still look at its request.
        var request = new HttpRequestMessage(method, new Uri(Endpoint, path));
        if (_http.DefaultRequestHeaders.UserAgent.Count == 0)
        {
            request.Headers.UserAgent.Add(_userAgent);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        // For handlers that tell a timeout from a cancellation: the token they are given is cancelled in either case.
        request.Options.Set(_callerToken, cancellationToken);
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, completion, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (Translate(exception, response: null, "did not answer", "Timeout", cancellationToken) is { } translated)
        {
            throw translated;
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var content = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            using var watched = new IdleTimeoutStream(content, _options.StreamIdleTimeout, _time, cancellationToken);
            var error = await ReadErrorAsync(watched, cancellationToken).ConfigureAwait(false);
            throw Refused(response, response.StatusCode, error, $"answered {Describe(response)} to {method} {request.RequestUri!.AbsolutePath}{Advice(response)}");
        }
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> info, CancellationToken cancellationToken)
        where T : WireObject
    {
        T answer;
        try
        {
            var content = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            answer = await JsonSerializer.DeserializeAsync(content, info, cancellationToken).ConfigureAwait(false)
                ?? throw new JsonException("The answer is null.");
        }
        catch (Exception exception) when (IsMisread(exception))
        {
            throw Failed(
                response,
                response.StatusCode,
                $"answered {Describe(response)} with something other than the expected JSON; content type: {ContentType(response)}. {exception.Message}",
                exception);
        }

        // A gateway's idea of an error; the error of a failed response has a property of its own.
        return answer.ExtensionData?.TryGetValue("error", out var error) == true && error.ValueKind is JsonValueKind.Object or JsonValueKind.String
            ? throw Refused(response, response.StatusCode, ErrorBody.Read(error), $"answered {Describe(response)} with an error")
            : answer;
    }

    private static async Task<ErrorBody> ReadErrorAsync(IdleTimeoutStream content, CancellationToken cancellationToken)
    {
        var buffer = new byte[LongestError];
        var length = 0;
        try
        {
            length = await content.ReadAtLeastAsync(buffer, LongestError, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or TimeoutException)
        {
            // The status says enough.
        }

        return ErrorBody.Parse(buffer.AsSpan(0, length));
    }

    /// <summary>What to throw instead of an exception of the transport; null for one that is not ours to explain.</summary>
    private Exception? Translate(Exception exception, HttpResponseMessage? response, string what, string timeoutSetting, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested && exception is OperationCanceledException or HttpRequestException or IOException)
        {
            return new OperationCanceledException(exception.Message, exception, cancellationToken);
        }

        var isTimeout = exception is TimeoutException or OperationCanceledException { InnerException: TimeoutException };
        var explained = exception switch
        {
            _ when isTimeout =>
                $"{what} within {(response is null ? _http.Timeout : _options.StreamIdleTimeout)} (setting {_section}:{timeoutSetting})",
            OperationCanceledException => $"{what}: the call was cancelled, though not by its caller",
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError } =>
                $"cannot be reached ({exception.Message}). Is it running, and is this its address? Set {_section}:Endpoint{OrVariable}",
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } =>
                $"cannot be trusted ({exception.GetBaseException().Message}). If its certificate is its own, set {_section}:CertificateAuthorityFile; "
                + $"if it speaks plain http, set {_section}:Endpoint{OrVariable} accordingly",
            HttpRequestException or IOException => $"{what} ({exception.GetBaseException().Message})",
            _ => null,
        };
        return explained is null ? null : Failed(response, response?.StatusCode, explained, exception, isTimeout);
    }

    private LlamaStackException Refused(HttpResponseMessage? response, HttpStatusCode? status, ErrorBody error, string what)
    {
        var message = error.Message is null ? null : Redact(error.Message);
        return Failed(response, status, message is null ? what : $"{what}: {message}", error: error with { Message = message });
    }

    private LlamaStackException Failed(
        HttpResponseMessage? response, HttpStatusCode? status, string what, Exception? inner = null, bool isTimeout = false, ErrorBody error = default) =>
        new($"The LlamaStack server at {Endpoint} {what}{(what.EndsWith('.') ? "" : ".")}", inner)
        {
            StatusCode = status,
            Code = error.Code,
            ServerMessage = error.Message,
            RequestId = response?.Headers.TryGetValues("x-request-id", out var ids) == true ? ids.FirstOrDefault() : null,
            RetryAfter = response?.Headers.RetryAfter is { } retry ? retry.Delta ?? Wait(retry.Date) : null,
            IsTimeout = isTimeout,
        };

    private TimeSpan? Wait(DateTimeOffset? until) =>
        until is { } date ? TimeSpan.FromTicks(Math.Max(0, (date - _time.GetUtcNow()).Ticks)) : null;

    /// <summary>Takes the secrets of the request out of a text of the server, which may repeat them.</summary>
    private string Redact(string text) =>
        _options.ProviderData.Values
            .Append(_options.ApiKey)
            .Append(_http.DefaultRequestHeaders.Authorization?.Parameter)
            .Where(static secret => !string.IsNullOrEmpty(secret))
            .Aggregate(text, static (result, secret) => result.Replace(secret!, "***", StringComparison.Ordinal));

    private bool IsUnnamed => _section == LlamaStackClientOptions.SectionName;

    private string OrVariable => IsUnnamed ? " or LLAMA_STACK_CLIENT_BASE_URL" : "";

    private string Advice(HttpResponseMessage response) => response switch
    {
        { Headers.Location: { } location } =>
            $", moved to {new Uri(Endpoint, location).GetLeftPart(UriPartial.Path)} (set {_section}:Endpoint to the address that answers)",
        { StatusCode: HttpStatusCode.Unauthorized } when _http.DefaultRequestHeaders.Authorization is null =>
            $" without a key (setting {_section}:ApiKey{(IsUnnamed ? " or LLAMA_STACK_CLIENT_API_KEY" : "")})",
        _ => "",
    };

    private static string Describe(HttpResponseMessage response) =>
        string.IsNullOrEmpty(response.ReasonPhrase) ? $"{(int)response.StatusCode}" : $"{(int)response.StatusCode} {response.ReasonPhrase}";

    private static string ContentType(HttpResponseMessage response) => response.Content.Headers.ContentType?.ToString() ?? "none";

    private static bool IsJson(MediaTypeHeaderValue? type) => type?.MediaType is "application/json" or "application/problem+json";

    private static bool IsMisread(Exception exception) =>
        exception is JsonException or FormatException or ArgumentException or NotSupportedException or InvalidOperationException;

    private readonly record struct Frame<T>(T? Item, bool IsEnd);

    private sealed class ErrorFrameException(ErrorBody error) : Exception
    {
        public ErrorBody Error => error;
    }
}
