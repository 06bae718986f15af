namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>What a call costs: by the application's prices, else by MLflow's, else nothing.</summary>
[Collection(nameof(Tracing))]
public sealed class ModelCostsTests
{
    private const string Free = """{"input_cost":0.0,"output_cost":0.0,"total_cost":0.0}""";

    private static readonly TokenSums _tokens = new(1_000_000, 2_000_000, 400_000, 100_000);

    public static TheoryData<string?, bool, string?> Models() => new()
    {
        { "openai/gpt-4o", false, """{"input_cost":1.25,"output_cost":20,"total_cost":21.25}""" },
        { "openai/gpt-4o", true, """{"input_cost":1.25,"output_cost":20,"total_cost":21.25}""" },
        { "openai/gpt-5", false, """{"input_cost":3,"output_cost":8,"total_cost":11}""" },
        { "OPENAI/gpt-5", false, Free },
        { "llama3.2:3b", false, Free },
        { "llama3.2:3b", true, null },
        { null, false, Free },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void The_first_price_that_fits_counts(string? model, bool pricedByMlflow, string? cost)
    {
        var options = new MlflowTracingOptions
        {
            UseMlflowPricing = pricedByMlflow,
            Prices =
            {
                new MlflowModelPrice { Model = "openai/gpt-4o", InputPerMillion = 1.5, OutputPerMillion = 10, CacheReadPerMillion = 1, CacheWritePerMillion = 1 },
                new MlflowModelPrice { Model = "openai/*", InputPerMillion = 3, OutputPerMillion = 4 },
                new MlflowModelPrice { Model = "openai/gpt-5", InputPerMillion = 99 },
            },
        };

        Assert.Equal(cost, new ModelCosts(options).Of(model, _tokens));
    }

    [Fact]
    public void More_cached_tokens_than_tokens_cost_no_less_than_nothing() => Assert.Equal(
        """{"input_cost":1E-06,"output_cost":0,"total_cost":1E-06}""",
        new ModelCosts(new MlflowTracingOptions { Prices = { new MlflowModelPrice { Model = "*", InputPerMillion = 5, CacheReadPerMillion = 0.5 } } }).Of("m", new TokenSums(1, 0, 2, null)));

    [Fact]
    public async Task A_configured_price_reaches_MLflow_with_the_call()
    {
        await using var app = await TracedApp.StartAsync(options => options.Prices.Add(new MlflowModelPrice { Model = "demo/*", InputPerMillion = 1000, OutputPerMillion = 2000 }));
        await app.AskAsync();

        var trace = app.FlushedTrace();

        Assert.Equal(((1000 * trace.TokenUsage["input_tokens"]) + (2000 * trace.TokenUsage["output_tokens"])) / 1e6, trace.Cost["total_cost"], 1e-9);
        Assert.True(trace.Cost["total_cost"] > 0);
    }
}
