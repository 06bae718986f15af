namespace LlamaStack.Mlflow.Tests;

/// <summary>Environment variables for as long as a test takes.</summary>
internal sealed class Variables : IDisposable
{
    private readonly List<(string Name, string? Before)> _before = [];

    public Variables(params (string Name, string? Value)[] variables)
    {
        foreach (var (name, value) in variables)
        {
            _before.Add((name, Environment.GetEnvironmentVariable(name)));
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    public void Dispose()
    {
        foreach (var (name, before) in _before)
        {
            Environment.SetEnvironmentVariable(name, before);
        }
    }
}
