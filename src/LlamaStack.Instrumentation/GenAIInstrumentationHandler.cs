using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>Gives each model call that passes one span, whichever client makes it; streamed ones end with their last byte.</summary>
/// <remarks>
/// What a call is, its method and the end of its path tell: <c>chat/completions</c>, <c>completions</c>, <c>responses</c> (made, compacted, or fetched by id), <c>embeddings</c>, <c>moderations</c>,
/// <c>vector_stores/{id}/search</c>, <c>rerank</c>, <c>tool-runtime/invoke</c>, with any base path. Everything else passes untouched.
/// Bytes are watched while they pass: none is held back, changed or added. With nobody listening the handler only forwards.
/// </remarks>
public sealed class GenAIInstrumentationHandler : DelegatingHandler
{
    private readonly CallTelemetry _telemetry;

    /// <summary>Creates a handler for use without dependency injection.</summary>
    /// <param name="innerHandler">The handler that sends.</param>
    /// <param name="options">What to record; null for the defaults.</param>
    public GenAIInstrumentationHandler(HttpMessageHandler innerHandler, GenAIInstrumentationOptions? options = null)
        : base(innerHandler) => _telemetry = new CallTelemetry(options ?? new GenAIInstrumentationOptions(), null, null);

    internal GenAIInstrumentationHandler(CallTelemetry telemetry) => _telemetry = telemetry;

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _telemetry.IsEnabled && GenAIOperation.Match(request) is { } operation && !OutgoingRequest.IsObserved(request)
            ? ObserveAsync(operation, request, cancellationToken)
            : base.SendAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _telemetry.IsEnabled && GenAIOperation.Match(request) is { } operation && !OutgoingRequest.IsObserved(request)
            ? Observe(operation, request, cancellationToken)
            : base.Send(request, cancellationToken);
    }

    private async Task<HttpResponseMessage> ObserveAsync(GenAIOperation operation, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = await RequestBody.ReadAsync(request.Content, cancellationToken).ConfigureAwait(false);
        var exchange = Exchange.Start(_telemetry, operation, request, body);
        if (exchange is null)
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return Observed(exchange, response);
        }
        catch (Exception e)
        {
            exchange.Fail(e);
            throw;
        }
        finally
        {
            exchange.Release(request);
        }
    }

    private HttpResponseMessage Observe(GenAIOperation operation, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var current = Activity.Current;
        var exchange = Exchange.Start(_telemetry, operation, request, RequestBody.Read(request.Content, cancellationToken));
        if (exchange is null)
        {
            Activity.Current = current;
            return base.Send(request, cancellationToken);
        }

        try
        {
            return Observed(exchange, base.Send(request, cancellationToken));
        }
        catch (Exception e)
        {
            exchange.Fail(e);
            throw;
        }
        finally
        {
            exchange.Release(request);
            Activity.Current = current;
        }
    }

    private HttpResponseMessage Observed(Exchange exchange, HttpResponseMessage response)
    {
        try
        {
            exchange.Observe(response);
        }
        catch (Exception e)
        {
            _telemetry.ObservingFailed(e);
            exchange.Complete();
        }

        return response;
    }
}
