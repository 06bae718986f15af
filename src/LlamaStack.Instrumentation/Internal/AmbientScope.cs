using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>What is said of everything traced while it lasts, and what becomes of its content. What is not said here is as the scope around it says.</summary>
internal sealed class AmbientScope(AmbientScope? outer) : IDisposable
{
    public string? Session { get; init => field = value ?? Outer?.Session; } = outer?.Session;

    public string? User { get; init => field = value ?? Outer?.User; } = outer?.User;

    public string? RunId { get; init => field = value ?? Outer?.RunId; } = outer?.RunId;

    /// <summary>Gets whether content is recorded meanwhile; null where nothing was said of it.</summary>
    public ContentCapture? Content { get; init; } = outer?.Content;

    public IEnumerable<KeyValuePair<string, string>> Tags { private get; init; } = [];

    public IEnumerable<KeyValuePair<string, string>> Metadata { private get; init; } = [];

    public AmbientScope? Outer { get; } = outer;

    /// <summary>Tells the trace of this activity, unless it has been told otherwise already.</summary>
    public void ApplyTo(Activity activity)
    {
        var trace = TraceDetails.OfOrNew(activity);
        trace.Session ??= Session;
        trace.User ??= User;
        trace.RunId ??= RunId;
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            trace.AddMissing(scope.Tags, scope.Metadata);
        }
    }

    public void Dispose() => LlamaStackTrace.EndScope(this);
}
