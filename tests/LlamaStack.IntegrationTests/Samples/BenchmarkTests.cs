namespace LlamaStack.IntegrationTests;

/// <summary>The benchmarks run, and print the rows that the README quotes. How fast is no test's matter.</summary>
public sealed class BenchmarkTests
{
    [Fact]
    public async Task Each_benchmark_runs_once()
    {
        var (exitCode, output) = await SampleProgram.RunAsync("LlamaStack.Benchmarks", new Dictionary<string, string>(), TestContext.Current.CancellationToken, "--once");

        Assert.True(exitCode == 0, output);
        Assert.Matches(@"Ours_with_content +\|", output);
        Assert.Matches(@"Microsoft_Extensions_AI_with_content +\|", output);
    }
}
