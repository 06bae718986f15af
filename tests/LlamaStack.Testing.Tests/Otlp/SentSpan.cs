using System.Diagnostics;

namespace LlamaStack.Testing.Tests;

/// <summary>A span that a test sends.</summary>
internal sealed record SentSpan(string Name, params (string Key, object? Value)[] Attributes)
{
    /// <summary>2026-01-01T00:00:00.123Z.</summary>
    public const ulong DefaultStart = 1767225600123000000;

    public string TraceId { get; init; } = ActivityTraceId.CreateRandom().ToHexString();

    public string SpanId { get; init; } = ActivitySpanId.CreateRandom().ToHexString();

    public string? ParentSpanId { get; init; }

    public ActivityKind Kind { get; init; }

    public ActivityStatusCode Status { get; init; }

    public string StatusMessage { get; init; } = "";

    public ulong Start { get; init; } = DefaultStart;

    public ulong End { get; init; } = DefaultStart + 50_000_000;

    public (string Name, (string Key, object? Value)[] Attributes)[] Events { get; init; } = [];

    /// <summary>A span below this one.</summary>
    public SentSpan Child(string name, params (string Key, object? Value)[] attributes) =>
        new(name, attributes) { TraceId = TraceId, ParentSpanId = SpanId, Start = Start, End = End };
}
