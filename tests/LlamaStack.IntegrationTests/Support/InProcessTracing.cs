namespace LlamaStack.IntegrationTests;

/// <summary>Tests that trace within this process, one at a time: every tracer provider of a process sees all of its spans.</summary>
[CollectionDefinition(nameof(InProcessTracing))]
public sealed class InProcessTracing;
