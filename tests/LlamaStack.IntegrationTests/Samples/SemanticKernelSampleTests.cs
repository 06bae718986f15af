using LlamaStack.Mlflow;
using LlamaStack.Testing;

namespace LlamaStack.IntegrationTests;

/// <summary>The console with a Kernel, as a program: it ends with exit code 0, and the traces that it names are in MLflow, one tree a turn.</summary>
public sealed class SemanticKernelSampleTests(PeersFixture peers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task On_the_stand_ins()
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Cancellation);
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Cancellation);

        await TwoTurnsAsync(models.Endpoint, mlflow.Endpoint, []);
    }

    [Fact]
    public async Task On_the_real_servers()
    {
        var (models, mlflow) = (await peers.OgxAsync(), await peers.MlflowAsync());

        await TwoTurnsAsync(
            models.Address, mlflow.Address, new() { ["LlamaStack__Model"] = "stub/stub-chat", ["LlamaStack__EmbeddingModel"] = "stub/stub-embed" });
    }

    [Fact]
    public async Task With_no_server_at_hand_it_stands_in_for_them_and_says_so()
    {
        var (exitCode, output) = await SampleProgram.RunAsync("SemanticKernel", new Dictionary<string, string>(), Cancellation);

        Assert.True(exitCode == 0, output);
        Assert.Contains("MLFLOW_TRACKING_URI", output, StringComparison.Ordinal);
        Assert.Contains("LLAMA_STACK_CLIENT_BASE_URL", output, StringComparison.Ordinal);
        Assert.Matches("tr-[0-9a-f]{32}  OK", output);
    }

    [Fact]
    public async Task A_model_server_that_is_not_there_is_said_in_words_and_by_the_exit_code()
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Cancellation);

        var (exitCode, output) = await SampleProgram.RunAsync("SemanticKernel", Settings(new Uri("http://127.0.0.1:9"), mlflow.Endpoint), Cancellation);

        Assert.Equal(1, exitCode);
        Assert.Contains("The model server could not answer. ", output, StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:9", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.Equal("ERROR", Assert.Single(mlflow.Traces).State);
    }

    private static Dictionary<string, string> Settings(Uri models, Uri mlflow) => new()
    {
        ["LLAMA_STACK_CLIENT_BASE_URL"] = models.AbsoluteUri,
        ["MLFLOW_TRACKING_URI"] = mlflow.AbsoluteUri,
        ["MLFLOW_EXPERIMENT_NAME"] = $"console-{Guid.NewGuid():N}",
    };

    private static async Task TwoTurnsAsync(Uri models, Uri mlflow, Dictionary<string, string> more)
    {
        var settings = Settings(models, mlflow).Concat(more).ToDictionary();

        var (exitCode, output) = await SampleProgram.RunAsync("SemanticKernel", settings, Cancellation);

        Assert.True(exitCode == 0, output);
        using var server = new HttpClient { BaseAddress = mlflow };
        var traces = await StoredTrace.OfExperimentAsync(new MlflowClient(server), server, settings["MLFLOW_EXPERIMENT_NAME"], Cancellation);
        Assert.Equal(2, traces.Count);
        Assert.All(traces, trace => Assert.Contains($"[trace {trace.Id}]", output, StringComparison.Ordinal));
        Assert.All(traces, AssertWhole);
        Assert.Single(traces.Select(trace => trace.Session).Distinct());

        var withTools = traces[0];
        Assert.Equal(["get_time", "get_weather"], withTools.Spans.Where(span => span.Type == "TOOL").Select(span => span.Name).Order());
        Assert.Equal(2, withTools.Spans.Count(span => span.Type == "CHAT_MODEL"));
        Assert.Contains("Lisbon", withTools.RequestPreview, StringComparison.Ordinal);
        Assert.Contains("14:05", withTools.ResponsePreview, StringComparison.Ordinal);
    }

    private static void AssertWhole(StoredTrace trace)
    {
        Assert.Equal("OK", trace.State);
        Assert.Equal("city guide", trace.Name);
        Assert.Equal("AGENT", trace.Root.Type);
        Assert.StartsWith("semantic-kernel-", trace.Session, StringComparison.Ordinal);
        Assert.All(trace.Spans.Where(span => span.ParentId is not null), span => Assert.Contains(trace.Spans, parent => parent.Id == span.ParentId));
        Assert.Contains("CHAIN", trace.Spans.Where(span => span.Name == "answer").Select(span => span.Type));
        Assert.Contains("RETRIEVER", trace.Spans.Select(span => span.Type));
        Assert.Contains("EMBEDDING", trace.Spans.Select(span => span.Type));
        Assert.True((long)trace.TokenUsage!["input_tokens"]! > 0);
    }
}
