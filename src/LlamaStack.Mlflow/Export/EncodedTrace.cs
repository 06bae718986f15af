using System.Diagnostics;

namespace LlamaStack.Mlflow;

/// <summary>A trace, or a part of one, as it leaves: independent of the application's spans, so it can wait in memory or on disk.</summary>
/// <param name="TraceId">The trace's id.</param>
/// <param name="Resource">The OTLP resource that its spans come from; the same memory for all traces of a process.</param>
/// <param name="Spans">The spans as OTLP, one after the other.</param>
/// <param name="Info">What is told of it by REST, without the experiment; null where there is nothing to tell.</param>
/// <param name="TellsMore">Does <paramref name="Info"/> hold what attributes cannot tell to any server?</param>
/// <param name="Links">What it is linked to; null where it is to nothing.</param>
/// <param name="Room">The rented memory that the spans lie in; null where it is not rented.</param>
internal sealed record EncodedTrace(
    ActivityTraceId TraceId, ReadOnlyMemory<byte> Resource, ReadOnlyMemory<byte> Spans, StartTraceInfo? Info, bool TellsMore, TraceLinks? Links, SpanRoom? Room = null)
{
    /// <summary>What a trace costs in memory beside its spans.</summary>
    private const int Overhead = 256;

    private SpanRoom? _room = Room;

    /// <summary>Gets the trace's id as MLflow names it.</summary>
    public string Id => IdOf(TraceId);

    /// <summary>Gets a value indicating whether another process has left it.</summary>
    public bool IsFromBefore { get; init; }

    /// <summary>Gets how many bytes it takes in memory, and about as many on the wire before they are compressed.</summary>
    public long Size => Spans.Length + Overhead + (Info is null ? 0 : 4 * Overhead) + (Links is null ? 0 : Overhead);

    /// <summary>Gets or sets a value indicating whether somebody may read the spans even when they have arrived: then nobody else gets their memory.</summary>
    public bool MayBeRead { get; set; }

    /// <summary>The spans are where they belong, or lost: they are not read any more.</summary>
    public void Release()
    {
        if (!MayBeRead)
        {
            Interlocked.Exchange(ref _room, null)?.Release();
        }
    }

    public static string IdOf(ActivityTraceId traceId) => $"tr-{traceId.ToHexString()}";
}
