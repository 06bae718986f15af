using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LlamaStack.Client;
using LlamaStack.Mlflow;
using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.IntegrationTests;

/// <summary>Plays a scenario through our client, as an application without a host would, into an MLflow.</summary>
internal static class GoldenReplay
{
    private static readonly JsonSerializerOptions _wire = new(JsonSerializerDefaults.Web);

    /// <summary>Replays a scenario.</summary>
    /// <returns>The traces that MLflow has of it, oldest first, and what the caller saw of an error.</returns>
    public static async Task<(List<StoredTrace> Traces, List<Exception> Seen)> RunAsync(GoldenScenario scenario, Uri mlflow, CancellationToken cancellationToken)
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: cancellationToken);
        for (var call = 0; call < scenario.Calls.Count; call++)
        {
            models.Enqueue(scenario.AnswerOf(call));
        }

        var experiment = $"golden-{scenario.Name}-{Guid.NewGuid():N}";
        var services = new ServiceCollection();
        services.AddLogging();
        var builder = services.AddLlamaStack(options =>
        {
            options.Endpoint = models.Endpoint;
            options.Timeout = scenario.Timeout ?? TimeSpan.FromSeconds(60);
        }).WithMlflowTracing(options =>
        {
            options.TrackingUri = mlflow;
            options.ExperimentName = experiment;
            options.ExportInterval = TimeSpan.FromMilliseconds(10);

            // As the recorded traces were priced.
            options.UseMlflowPricing = true;
        });
        if (scenario.IsRetry)
        {
            builder.Http.AddHttpMessageHandler(() => new SecondTry());
        }

        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        List<Exception> seen = [];
        for (var call = 0; call < (scenario.IsRetry ? 1 : scenario.Calls.Count); call++)
        {
            try
            {
                await CallAsync(provider, scenario, call, cancellationToken);
            }
            catch (LlamaStackException e)
            {
                seen.Add(e);
            }
        }

        using var http = new HttpClient { BaseAddress = mlflow };
        var mlflowClient = provider.GetRequiredService<MlflowClient>();
        var tracing = provider.GetRequiredService<TracerProvider>();
        var expected = scenario.IsRetry ? 1 : scenario.Calls.Count;
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var tries = 0; ; tries++)
        {
            Assert.True(tracing.ForceFlush(30_000));
            var traces = await StoredTrace.OfExperimentAsync(mlflowClient, http, experiment, cancellationToken);
            if (traces.Count >= expected || !scenario.IsForgotten || tries > 200)
            {
                return (traces, seen);
            }

            // What nobody holds ends when it is collected, which is when the runtime likes.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await tick.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>Makes a call of a scenario by the client.</summary>
    public static Task CallAsync(IServiceProvider provider, GoldenScenario scenario, int call, CancellationToken cancellationToken)
    {
        var client = provider.GetRequiredService<LlamaStackClient>();
        if (scenario.Calls[call]["request"] is null)
        {
            return RawAsync(provider, client, scenario, call, cancellationToken);
        }

        var request = scenario.RequestOf(call);
        var isStream = JsonDocument.Parse(request).RootElement.TryGetProperty("stream", out var stream) && stream.ValueKind is JsonValueKind.True;
        return (string)scenario.Calls[call]["path"]! switch
        {
            "/v1/chat/completions" when isStream => ReadAsync(client.StreamChatCompletionAsync(Read<ChatCompletionRequest>(request), cancellationToken), scenario, call),
            "/v1/chat/completions" => client.CreateChatCompletionAsync(Read<ChatCompletionRequest>(request), cancellationToken),
            "/v1/responses" when isStream => ReadAsync(client.StreamResponseAsync(Read<ResponseRequest>(request), cancellationToken), scenario, call),
            "/v1/responses" => client.CreateResponseAsync(Read<ResponseRequest>(request), cancellationToken),
            "/v1/embeddings" => client.CreateEmbeddingsAsync(Read<EmbeddingsRequest>(request), cancellationToken),
            _ => RawAsync(provider, client, scenario, call, cancellationToken),
        };
    }

    /// <summary>By the client's own HttpClient, as other libraries of the application would.</summary>
    private static async Task RawAsync(IServiceProvider provider, LlamaStackClient client, GoldenScenario scenario, int call, CancellationToken cancellationToken)
    {
        var described = scenario.Calls[call];
        using var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("LlamaStack");
        using var request = new HttpRequestMessage(HttpMethod.Parse((string)described["method"]!), new Uri(client.Endpoint, (string)described["path"]!))
        {
            Content = described["request"] is null ? null : new StringContent(scenario.RequestOf(call), null, "application/json"),
        };
        using var response = await http.SendAsync(request, cancellationToken);
        await response.Content.ReadAsStringAsync(cancellationToken);
    }

    private static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, _wire)!;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task ReadAsync<T>(IAsyncEnumerable<T> stream, GoldenScenario scenario, int call)
    {
        if (scenario.ReaderStopsAfter is not { } stop || call > 0)
        {
            await foreach (var _ in stream)
            {
            }

            return;
        }

        // No "await foreach": that would close what this caller forgets.
        var reader = stream.GetAsyncEnumerator();
        for (var chunk = 0; chunk < Math.Max(stop, 1); chunk++)
        {
            await reader.MoveNextAsync();
        }

        if (!scenario.IsForgotten)
        {
            await reader.DisposeAsync();
        }
    }

    /// <summary>A client's own second try after a 5xx, as a resilience handler makes it.</summary>
    private sealed class SecondTry : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            return response.StatusCode < HttpStatusCode.InternalServerError ? response : await base.SendAsync(request, cancellationToken);
        }
    }
}
