namespace LlamaStack.AspNetCore.Tests;

/// <summary>
/// Tests that build a tracer provider, one after the other: activity sources are the process's, so two applications at once would each get the other's spans,
/// and no test could say that nothing else has left.
/// </summary>
[CollectionDefinition(nameof(Tracing))]
public sealed class Tracing;
