using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>What a request carries only while it is sent. All is taken out again: whoever sends the request once more is to be observed once more.</summary>
internal sealed class OutgoingRequest
{
    private const string TraceParent = "traceparent";
    private const string TraceState = "tracestate";

    private static readonly HttpRequestOptionsKey<OutgoingRequest> _key = new("LlamaStack.OutgoingRequest");

    private HttpContent? _callersContent;
    private bool _injected;

    /// <summary>Marks a request as observed.</summary>
    public OutgoingRequest(HttpRequestMessage request) => request.Options.Set(_key, this);

    /// <summary>Gets a value indicating whether the request asks for a stream's token counts, which its sender did not.</summary>
    public bool AsksForUsage => _callersContent is not null;

    /// <summary>Is this request being observed already, by a handler further out in the same pipeline?</summary>
    public static bool IsObserved(HttpRequestMessage request) => request.Options.TryGetValue(_key, out _);

    /// <summary>The runtime would send the id of an HTTP activity that nobody may export; the server's spans are to hang below this one.</summary>
    public void Inject(Activity activity, HttpRequestMessage request)
    {
        if (request.Headers.Contains(TraceParent))
        {
            return;
        }

        _injected = true;
        request.Headers.TryAddWithoutValidation(TraceParent, activity.Id);
        if (activity.TraceStateString is { Length: > 0 } state)
        {
            request.Headers.TryAddWithoutValidation(TraceState, state);
        }
    }

    /// <summary>Asks for a stream's token counts, unless the sender has said whether it wants them.</summary>
    public void AskForUsage(HttpRequestMessage request, ReadOnlySpan<byte> body)
    {
        if (StreamUsage.Ask(request.Content!, body) is { } asking)
        {
            _callersContent = request.Content;
            request.Content = asking;
        }
    }

    /// <summary>The request as its sender made it.</summary>
    public void Restore(HttpRequestMessage request)
    {
        ((IDictionary<string, object?>)request.Options).Remove(_key.Key);
        if (_injected)
        {
            request.Headers.Remove(TraceParent);
            request.Headers.Remove(TraceState);
        }

        request.Content = _callersContent ?? request.Content;
    }
}
