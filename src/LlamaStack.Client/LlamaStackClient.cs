
namespace LlamaStack.Client;

/// <summary>The typed client of a LlamaStack (OGX) server.</summary>
/// <remarks>
/// <para>Each method is one HTTP call, and is not repeated: the server has tried its provider several times already. A failed one throws
/// <see cref="LlamaStackException"/>; one cancelled by its caller throws <see cref="OperationCanceledException"/> with the caller's token. Safe for use by
/// several callers at once.</para>
/// <para>A streamed answer is read while it is enumerated; the call is made at the first step, and the connection is given back at the end, on
/// <c>break</c>, and on an exception.</para>
/// </remarks>
public sealed class LlamaStackClient
{
    private readonly ServerConnection _server;

    /// <summary>Initializes a client over an HttpClient of the caller's making.</summary>
    /// <param name="http">Its <see cref="HttpClient.BaseAddress"/> is the server's address, with or without <c>/v1</c> (default
    /// <c>http://localhost:8321</c>), its <see cref="HttpClient.Timeout"/> holds for whole plain answers and for the headers of streamed ones, and its
    /// default headers are sent. The server closes idle connections after 5 seconds: a handler should let them go earlier.</param>
    /// <remarks>An application with dependency injection gets the client from <c>AddLlamaStack()</c>, which sees to all that.</remarks>
    public LlamaStackClient(HttpClient http)
        : this(http, new LlamaStackClientOptions(), serverName: null, TimeProvider.System)
    {
    }

    internal LlamaStackClient(HttpClient http, LlamaStackClientOptions options, string? serverName, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(http);
        Options = options;
        Section = LlamaStackClientOptions.Section(serverName);
        _server = new ServerConnection(http, options, Section, time);
    }

    /// <summary>Gets the address of the server's API; ends in <c>/v1/</c>.</summary>
    public Uri Endpoint => _server.Endpoint;

    internal LlamaStackClientOptions Options { get; }

    internal string Section { get; }

    /// <summary>Completes a chat.</summary>
    /// <param name="request">The conversation and the settings.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The whole answer.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, refused, or answered something else.</exception>
    /// <remarks>Source: <c>POST /v1/chat/completions</c> of the LlamaStack API.</remarks>
    public Task<ChatCompletion> CreateChatCompletionAsync(ChatCompletionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _server.PostAsync("chat/completions", request, Wire.Json.ChatCompletionRequest, Wire.Json.ChatCompletion, cancellationToken);
    }

    /// <summary>Completes a chat, and yields the answer as it is made.</summary>
    /// <param name="request">The conversation and the settings; <see cref="ChatCompletionRequest.Stream"/> is set, nothing else is changed.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The chunks as they arrive. A stream that ended without a <see cref="ChatChunkChoice.FinishReason"/> is an answer cut short.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, refused, broke off, fell silent, sent an error within the stream, or sent
    /// no chunk at all.</exception>
    /// <remarks>Source: <c>POST /v1/chat/completions</c> of the LlamaStack API.</remarks>
    public IAsyncEnumerable<ChatCompletionChunk> StreamChatCompletionAsync(ChatCompletionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _server.StreamAsync(
            "chat/completions", request with { Stream = true }, Wire.Json.ChatCompletionRequest, Wire.Json.ChatCompletionChunk, isLast: null, cancellationToken);
    }

    /// <summary>Responds to an input, with tools of the server where the request names some.</summary>
    /// <param name="request">The input and the settings.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The response; with <see cref="ResponseRequest.Background"/> a queued one.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, refused, or answered something else; a provider that refuses is a plain
    /// 500 here.</exception>
    /// <remarks>Source: <c>POST /v1/responses</c> of the LlamaStack API.</remarks>
    public Task<ResponseObject> CreateResponseAsync(ResponseRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _server.PostAsync("responses", request, Wire.Json.ResponseRequest, Wire.Json.ResponseObject, cancellationToken);
    }

    /// <summary>Responds to an input, and yields what happens as it happens.</summary>
    /// <param name="request">The input and the settings; <see cref="ResponseRequest.Stream"/> is set, nothing else is changed.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The events as they arrive, up to the first that ends the response (<see cref="ResponseStateEvent.IsTerminal"/>): <c>response.failed</c>
    /// is such an event, and no exception.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, refused, broke off, fell silent, sent an <c>error</c> event, or ended the
    /// stream without a last event.</exception>
    /// <remarks>What the server sends after the first last event (a second one, after an output guardrail) is not read. Source:
    /// <c>POST /v1/responses</c> of the LlamaStack API.</remarks>
    public IAsyncEnumerable<ResponseStreamEvent> StreamResponseAsync(ResponseRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _server.StreamAsync(
            "responses",
            request with { Stream = true },
            Wire.Json.ResponseRequest,
            Wire.Json.ResponseStreamEvent,
            static item => item is ResponseStateEvent { IsTerminal: true },
            cancellationToken);
    }

    /// <summary>Fetches a stored response, for instance to see whether a background one is done.</summary>
    /// <param name="id">The response's id.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The response as it stands.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, or knows no such response (404).</exception>
    /// <remarks>Source: <c>GET /v1/responses/{id}</c> of the LlamaStack API.</remarks>
    public Task<ResponseObject> GetResponseAsync(string id, CancellationToken cancellationToken = default) =>
        _server.GetAsync($"responses/{Segment(id)}", Wire.Json.ResponseObject, cancellationToken);

    /// <summary>Embeds texts.</summary>
    /// <param name="request">The texts and the model.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>As many vectors as texts.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, refused, or answered something else.</exception>
    /// <remarks>Source: <c>POST /v1/embeddings</c> of the LlamaStack API.</remarks>
    public Task<EmbeddingsResponse> CreateEmbeddingsAsync(EmbeddingsRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _server.PostAsync("embeddings", request, Wire.Json.EmbeddingsRequest, Wire.Json.EmbeddingsResponse, cancellationToken);
    }

    /// <summary>Searches a vector store by meaning.</summary>
    /// <param name="id">The store's id: <c>vs_…</c>.</param>
    /// <param name="request">The question and the settings.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>What was found; nothing is no error.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, refused, or knows no such store (400, and not 404).</exception>
    /// <remarks>Source: <c>POST /v1/vector_stores/{id}/search</c> of the LlamaStack API.</remarks>
    public Task<VectorStoreSearchPage> SearchVectorStoreAsync(string id, VectorStoreSearchRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _server.PostAsync(
            $"vector_stores/{Segment(id)}/search", request, Wire.Json.VectorStoreSearchRequest, Wire.Json.VectorStoreSearchPage, cancellationToken);
    }

    /// <summary>Lists the models that the server knows; it may serve others of its providers too.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>All models, in the server's order.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, refused, or answered something else.</exception>
    /// <remarks>Source: <c>GET /v1/models</c> of the LlamaStack API.</remarks>
    public async Task<IReadOnlyList<LlamaStackModel>> ListModelsAsync(CancellationToken cancellationToken = default) =>
        (await _server.GetAsync("models", Wire.Json.ModelList, cancellationToken).ConfigureAwait(false)).Data ?? [];

    /// <summary>Fetches what the server knows of a model.</summary>
    /// <param name="id">The model's id; may contain slashes.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The model.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, or lists no such model (404), though it may serve it.</exception>
    /// <remarks>Source: <c>GET /v1/models/{id}</c> of the LlamaStack API.</remarks>
    public Task<LlamaStackModel> GetModelAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return _server.GetAsync($"models/{string.Join('/', id.Split('/').Select(Segment))}", Wire.Json.LlamaStackModel, cancellationToken);
    }

    /// <summary>Asks whether the server process runs.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The server's word for it.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, or does not let the caller ask (401, 403).</exception>
    /// <remarks>Source: <c>GET /v1/health</c> of the LlamaStack API; public even where the server wants a key.</remarks>
    public Task<ServerHealth> GetHealthAsync(CancellationToken cancellationToken = default) =>
        _server.GetAsync("health", Wire.Json.ServerHealth, cancellationToken);

    /// <summary>Asks for the server's version.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The version.</returns>
    /// <exception cref="LlamaStackException">The server could not be reached, or does not let the caller ask (401, 403).</exception>
    /// <remarks>Source: <c>GET /v1/version</c> of the LlamaStack API; public even where the server wants a key.</remarks>
    public Task<ServerVersion> GetVersionAsync(CancellationToken cancellationToken = default) =>
        _server.GetAsync("version", Wire.Json.ServerVersion, cancellationToken);

    /// <summary>Escapes a part of a path. Dots alone would lead out of it.</summary>
    private static string Segment(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return text is "." or ".." ? throw new ArgumentException($"'{text}' is no id.", nameof(text)) : Uri.EscapeDataString(text);
    }
}
