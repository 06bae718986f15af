namespace LlamaStack.Instrumentation.Tests;

/// <summary>Tests that look at what is the whole process's.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
