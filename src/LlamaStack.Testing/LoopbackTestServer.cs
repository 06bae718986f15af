using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>What the stand-ins have in common: a real Kestrel on a port of loopback, a log of requests, and answers put in by hand.</summary>
/// <remarks>All members may be used from several threads at once.</remarks>
public abstract class LoopbackTestServer : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<RecordedRequest> _requests = [];
    private readonly List<ScriptedExchange> _script = [];
    private CancellationTokenSource _stopping = new();
    private WebApplication? _app;

    private protected LoopbackTestServer(TimeProvider timeProvider) => TimeProvider = timeProvider;

    /// <summary>Gets the address to call, without a slash at its end.</summary>
    /// <value>Always of the form <c>http://127.0.0.1:port</c>; the port stays the same after <see cref="RestartAsync"/>.</value>
    public Uri Endpoint { get; private set; } = new("http://127.0.0.1");

    /// <summary>Gets all requests so far, in the order in which their bodies had arrived.</summary>
    public IReadOnlyList<RecordedRequest> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Gets or sets a look at each request before the server answers it.</summary>
    /// <value>Return <see langword="true"/> if it has been answered. May also wait, or abort the connection. Enqueued exchanges go first.</value>
    public Func<HttpContext, Task<bool>>? Intercept { get; set; }

    private protected TimeProvider TimeProvider { get; }

    private protected Pulse Changes { get; } = new();

    /// <summary>Puts in an answer for the next request with that method and path; it is given once.</summary>
    /// <param name="exchange">Several for the same path are given in the order in which they were put in.</param>
    public void Enqueue(ScriptedExchange exchange)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        lock (_lock)
        {
            _script.Add(exchange);
        }
    }

    /// <summary>Waits for a request, also one that has arrived already.</summary>
    /// <param name="predicate">Which request; the first of all if omitted.</param>
    /// <param name="cancellationToken">Give one with a time limit: without it the wait has no end.</param>
    /// <returns>The first request that matches.</returns>
    public Task<RecordedRequest> WaitForRequestAsync(Predicate<RecordedRequest>? predicate = null, CancellationToken cancellationToken = default) =>
        Changes.UntilAsync(() => Find(predicate), cancellationToken);

    /// <summary>Takes the server down: connections are aborted, the port refuses new ones. What it holds is kept.</summary>
    /// <param name="cancellationToken">Not looked at once the port is closed.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _app, null) is not { } app)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await app.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await app.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Brings a stopped server up again, on the same port and with what it held.</summary>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="InvalidOperationException">The server has not been stopped.</exception>
    public Task RestartAsync(CancellationToken cancellationToken = default)
    {
        if (_app is not null)
        {
            throw new InvalidOperationException("The server is running. Call StopAsync first.");
        }

        _stopping.Dispose();
        _stopping = new CancellationTokenSource();
        return ListenAsync(Endpoint.Port, "", cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stopping.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract Task AnswerAsync(Call call);

    private protected Task ListenAsync(string path, CancellationToken cancellationToken) => ListenAsync(0, path, cancellationToken);

    private async Task ListenAsync(int port, string path, CancellationToken cancellationToken)
    {
        var app = LoopbackHost.Build(port, HandleAsync);
        await app.StartAsync(cancellationToken).ConfigureAwait(false);
        if (port == 0)
        {
            Endpoint = new Uri(new Uri(app.Urls.First()), path);
        }

        _app = app;
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        context.RequestAborted = stopping.Token;
        var request = await RecordedRequest.ReadAsync(context).ConfigureAwait(false);
        try
        {
            if (Record(request) is { } exchange)
            {
                await exchange.PlayAsync(context, TimeProvider).ConfigureAwait(false);
            }
            else if (Intercept is not { } intercept || !await intercept(context).ConfigureAwait(false))
            {
                await AnswerAsync(new Call(context, request)).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            context.Abort();
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or ConnectionCutException) && !context.Response.HasStarted)
        {
            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await context.Response.WriteAsync($"The stand-in itself failed: {failure}", context.RequestAborted).ConfigureAwait(false);
        }
    }

    private RecordedRequest? Find(Predicate<RecordedRequest>? predicate)
    {
        lock (_lock)
        {
            return _requests.Find(predicate ?? (static _ => true));
        }
    }

    private ScriptedExchange? Record(RecordedRequest request)
    {
        ScriptedExchange? exchange;
        lock (_lock)
        {
            _requests.Add(request);
            exchange = _script.Find(candidate => candidate.Matches(request));
            if (exchange is not null)
            {
                _script.Remove(exchange);
            }
        }

        Changes.Beat();
        return exchange;
    }
}
