using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Mlflow.Tests.Assembly;

/// <summary>Which part of the traces leaves: decided once for each, by its id, and the highest ratio of its operations.</summary>
[Collection(nameof(Tracing))]
public sealed class SamplingTests
{
    [Fact]
    public async Task With_a_ratio_of_none_nothing_leaves_and_it_is_counted_but_not_as_lost()
    {
        await using var app = await TracedApp.StartAsync(options => options.SamplingRatio = 0);

        await app.AskAsync();
        app.Flush();

        Assert.Empty(app.Mlflow.Traces);
        Assert.Equal((1, ""), (app.Counts.NotSampled, app.Counts.Dropped));
    }

    [Fact]
    public async Task Of_several_operations_in_a_trace_the_highest_ratio_counts()
    {
        await using var app = await TracedApp.StartAsync(options => options.OperationSamplingRatios["embeddings"] = 0);
        await EmbedAsync(app);
        using (LlamaStackTrace.StartSpan("look up and answer"))
        {
            await EmbedAsync(app);
            await app.AskAsync();
        }

        Assert.Equal(3, app.FlushedTrace().Spans.Count);
        Assert.Equal(1, app.Counts.NotSampled);
    }

    [Theory]
    [InlineData("0000000000000000" + "3fffffffffffffff", true)]
    [InlineData("ffffffffffffffff" + "3fffffffffffffff", true)]
    [InlineData("0000000000000001" + "4000000000000001", false)]
    [InlineData("0000000000000001" + "ffffffffffffffff", false)]
    public async Task The_id_decides_as_in_Python(string traceId, bool leaves)
    {
        await using var app = await TracedApp.StartAsync(options => options.SamplingRatio = 0.25);
        for (var request = 0; request < 2; request++)
        {
            using (Requests.Start($"00-{traceId}-b7ad6b7169203331-01"))
            {
                await app.AskAsync();
            }
        }

        app.Flush();

        Assert.Equal(leaves ? 1 : 0, app.Mlflow.Traces.Count);
        Assert.Equal(leaves ? 0 : 2, app.Counts.NotSampled);
    }

    [Fact]
    public async Task Who_is_part_of_a_trace_that_MLflow_has_leaves_whatever_the_ratio()
    {
        await using var app = await TracedApp.StartAsync(options => (options.SamplingRatio, options.CallersExportToMlflow) = (0, true));
        using (Requests.Start("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        {
            await app.AskAsync();
        }

        app.Flush();

        Assert.Single(app.Mlflow.Traces);
    }

    private static async Task EmbedAsync(TracedApp app) =>
        await app.Services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync(["text"], cancellationToken: Limit.Token);
}
