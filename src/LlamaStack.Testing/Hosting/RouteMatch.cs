namespace LlamaStack.Testing;

/// <summary>What a look-up found: a handler, or the methods that the path knows instead (none: the path is unknown).</summary>
internal sealed record RouteMatch<THandler>(THandler? Handler, IReadOnlyList<string> Values, IReadOnlyList<string> Allowed);
