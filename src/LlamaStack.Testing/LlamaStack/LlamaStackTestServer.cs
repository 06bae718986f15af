using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>A LlamaStack (OGX 1.5) server with a deterministic model behind it.</summary>
/// <remarks>
/// <para>
/// The model quotes the question in a fixed answer. It calls an offered tool when the last user message has the tool's name or one of the words
/// <c>weather</c>, <c>tool</c> and <c>search</c>, two at once with <c>both</c> or <c>parallel</c>; answers 60 words to <c>long</c>, refuses <c>refuse</c>,
/// and keeps to a JSON schema. A token is a word.
/// </para>
/// <para>
/// Served: health, version, models, chat completions, completions, Responses (create, get, delete, input items), embeddings, rerank. Other paths are
/// answered as by a server without those APIs: 404. What it lacks is put in with <see cref="LoopbackTestServer.Enqueue"/> or <see cref="LoopbackTestServer.Intercept"/>.
/// </para>
/// </remarks>
public sealed class LlamaStackTestServer : LoopbackTestServer
{
    private readonly LlamaStackTestServerOptions _options;
    private readonly RouteTable<Func<Call, Task>> _routes = new();

    private LlamaStackTestServer(LlamaStackTestServerOptions options)
        : base(options.TimeProvider)
    {
        _options = options;
        var models = new ModelCatalog(options.Models, TimeProvider);
        var streams = new EventStream(TimeProvider, options.DelayBetweenChunks);
        new ModelRoutes(models, options.Version).Map(_routes);
        new ChatRoutes(models, streams, TimeProvider).Map(_routes);
        new CompletionRoutes(models, streams, TimeProvider).Map(_routes);
        new EmbeddingRoutes(models).Map(_routes);
        new ResponseRoutes(models, streams, TimeProvider).Map(_routes);
    }

    /// <summary>Starts a server on a free port of loopback.</summary>
    /// <param name="options">Settings; not to be changed afterwards.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<LlamaStackTestServer> StartAsync(LlamaStackTestServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new LlamaStackTestServer(options ?? new LlamaStackTestServerOptions());
        await server.ListenAsync("", cancellationToken).ConfigureAwait(false);
        return server;
    }

    private protected override async Task AnswerAsync(Call call)
    {
        try
        {
            await RouteAsync(call).ConfigureAwait(false);
        }
        catch (LlamaStackError error) when (!call.Response.HasStarted)
        {
            await call.WriteErrorAsync(error).ConfigureAwait(false);
        }
    }

    private Task RouteAsync(Call call)
    {
        var path = call.Request.Path;
        ClientVersion.Check(call, _options.Version);
        if (_options.ApiKey is { } key && path is not ("/v1/health" or "/v1/version"))
        {
            BearerKey.Check(call, key);
        }

        var match = _routes.Find(call.Request.Method, path);
        if (match.Handler is { } handler)
        {
            return handler(call with { Values = match.Values });
        }

        if (match.Allowed.Count > 0)
        {
            call.Response.Headers.Allow = string.Join(", ", match.Allowed);
            throw LlamaStackError.Detail(StatusCodes.Status405MethodNotAllowed, "Method Not Allowed");
        }

        return RedirectAsync(call, path);
    }

    /// <summary>A path with a slash too many is sent on to the one without, if that exists.</summary>
    private Task RedirectAsync(Call call, string path)
    {
        var trimmed = path.TrimEnd('/');
        var known = _routes.Find(call.Request.Method, trimmed);
        if (trimmed == path || (known.Handler is null && known.Allowed.Count == 0))
        {
            throw LlamaStackError.Detail(StatusCodes.Status404NotFound, "Not Found");
        }

        call.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        call.Response.Headers.Location = $"http://{call.Http.Request.Host}{trimmed}";
        call.Response.ContentLength = 0;
        return Task.CompletedTask;
    }
}
