using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>Session and user for everything traced while it lasts.</summary>
internal sealed class AmbientScope(string? session, string? user, AmbientScope? outer) : IDisposable
{
    public string? Session => session;

    public string? User => user;

    public AmbientScope? Outer => outer;

    /// <summary>Tells the trace of this activity, unless it has been told otherwise already.</summary>
    public void ApplyTo(Activity activity)
    {
        var trace = TraceDetails.OfOrNew(activity);
        trace.Session ??= session;
        trace.User ??= user;
    }

    public void Dispose() => LlamaStackTrace.EndScope(this);
}
