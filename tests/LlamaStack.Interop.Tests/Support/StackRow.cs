namespace LlamaStack.Interop.Tests;

/// <summary>A way to call models, and what MLflow has of it.</summary>
/// <param name="Name">What the test is called.</param>
/// <param name="RunAsync">One request of an application.</param>
/// <param name="Tree">Its one trace; several, one after the other.</param>
public sealed record StackRow(string Name, Func<Application, Task> RunAsync, params string[] Tree)
{
    /// <summary>Gets the sources of other libraries that the application listens to.</summary>
    public string[] Sources { get; init; } = [];

    /// <summary>Gets a value indicating whether the reader leaves before the answer's end, where it tells its tokens.</summary>
    public bool LeavesEarly { get; init; }

    public override string ToString() => Name;
}
