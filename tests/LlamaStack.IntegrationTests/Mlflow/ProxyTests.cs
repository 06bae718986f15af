using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace LlamaStack.IntegrationTests;

/// <summary>MLflow behind an HTTP proxy that asks for a password, by the option and by the variables that every program knows. The password stands nowhere.</summary>
[Collection(nameof(InProcessTracing))]
public sealed class ProxyTests(PeersFixture peers)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task By_the_option_traces_arrive()
    {
        var mlflow = await peers.MlflowAsync();
        await using var proxy = await LoopbackProxy.StartAsync(new Dictionary<string, Uri> { ["mlflow.example"] = mlflow.Address }, Token);

        var (id, told) = await TraceAsync(proxy.Address);

        using var http = new HttpClient { BaseAddress = mlflow.Address };
        Assert.Equal("work", (await StoredTrace.WaitAsync(http, id, Token)).Name);
        Assert.Contains("http://mlflow.example:5000/v1/traces", proxy.Passed);
        Assert.All(told, NoSecret);
    }

    [Fact]
    public async Task By_the_systems_variables_traces_and_model_calls_go_through_it()
    {
        var (models, mlflow) = (await peers.OgxAsync(), await peers.MlflowAsync());
        await using var proxy = await LoopbackProxy.StartAsync(new Dictionary<string, Uri> { ["mlflow.example"] = mlflow.Address, ["models.example"] = models.Address }, Token);
        var (program, app) = await SampleProgram.ServeAsync(
            "WebApi",
            new Dictionary<string, string>
            {
                ["LLAMA_STACK_CLIENT_BASE_URL"] = "http://models.example:8321",
                ["LlamaStack__Model"] = "stub/stub-chat",
                ["MLFLOW_TRACKING_URI"] = "http://mlflow.example:5000",
                ["MLFLOW_EXPERIMENT_NAME"] = $"proxy-{Guid.NewGuid():N}",
                ["HTTP_PROXY"] = proxy.Address.AbsoluteUri,
                ["http_proxy"] = proxy.Address.AbsoluteUri,
                ["NO_PROXY"] = "",
                ["no_proxy"] = "",
            },
            Token);
        await using var _ = program;
        using var __ = app;

        using var response = await app.PostAsJsonAsync("/chat", new { message = "What does a telescope do?" }, Token);
        var answer = await response.Content.ReadFromJsonAsync<JsonNode>(Token);

        using var http = new HttpClient { BaseAddress = mlflow.Address };
        Assert.Equal("OK", (await StoredTrace.WaitAsync(http, (string)answer!["traceId"]!, Token)).State);
        Assert.Contains("http://mlflow.example:5000/v1/traces", proxy.Passed);
        Assert.Contains("http://models.example:8321/v1/chat/completions", proxy.Passed);
        NoSecret(program.Output);
    }

    [Theory]
    [InlineData(true, "(407)")]
    [InlineData(false, "does not listen")]
    public async Task What_is_wrong_with_it_is_said_with_the_setting(bool isThere, string words)
    {
        await using var proxy = await LoopbackProxy.StartAsync(new Dictionary<string, Uri>(), Token);
        var address = new UriBuilder(proxy.Address) { Password = "pl%40nted%20wrong" }.Uri;
        if (!isThere)
        {
            await proxy.DisposeAsync();
        }

        var (_, told) = await TraceAsync(address);

        Assert.Contains(told, text => text.Contains(words, StringComparison.Ordinal) && text.Contains("LlamaStack:Tracing:Proxy", StringComparison.Ordinal) && text.Contains("mlflow.example", StringComparison.Ordinal));
        Assert.All(told, NoSecret);
    }

    private static void NoSecret(string text) => Assert.DoesNotMatch("pl(@|%40)nted", text);

    /// <summary>One trace by hand.</summary>
    /// <returns>Its id, and all that was told meanwhile: log lines, health, options.</returns>
    private static async Task<(string TraceId, List<string> Told)> TraceAsync(Uri proxy)
    {
        var logs = new LogLines();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(logs).SetMinimumLevel(LogLevel.Trace));
        services.AddLlamaStack().WithMlflowTracing(options =>
        {
            options.TrackingUri = new Uri("http://mlflow.example:5000");
            options.ExperimentName = $"proxy-{Guid.NewGuid():N}";
            options.Proxy = proxy;
            options.MaxRetryDuration = TimeSpan.Zero;
        });
        await using var provider = services.BuildServiceProvider();
        var tracing = provider.GetRequiredService<TracerProvider>();
        System.Diagnostics.Activity.Current = null;
        string id;
        using (var span = LlamaStackTrace.StartSpan("work"))
        {
            id = span.TraceId!;
        }

        Assert.True(tracing.ForceFlush(30_000));
        var health = await provider.GetServices<IProbe>().Single(probe => probe.Name == "mlflow").ProbeAsync(Token);
        return (id, [.. logs.All.Select(line => line.ToString()), health.Description, provider.GetRequiredService<Microsoft.Extensions.Options.IOptions<MlflowTracingOptions>>().Value.ToString()]);
    }
}
