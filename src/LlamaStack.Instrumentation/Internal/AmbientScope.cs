using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>Session, user and what becomes of content, for everything traced while it lasts.</summary>
internal sealed class AmbientScope(string? session, string? user, ContentCapture? content, AmbientScope? outer) : IDisposable
{
    public string? Session => session;

    public string? User => user;

    /// <summary>Gets whether content is recorded meanwhile; null where nothing was said of it.</summary>
    public ContentCapture? Content => content;

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
