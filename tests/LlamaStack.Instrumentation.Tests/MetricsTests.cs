using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Instrumentation.Tests;

public sealed class MetricsTests
{
    [Fact]
    public async Task A_call_gives_duration_tokens_and_time_to_first_chunk_with_the_conventions_attributes()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("models").AddGenAIInstrumentation().ConfigurePrimaryHttpMessageHandler(() => new StubServer(_ => StubServer.Events(
            """{"id":"c-1","model":"m-2","choices":[{"delta":{"content":"Hi"},"index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""")));
        await using var provider = services.BuildServiceProvider();
        var factory = provider.GetRequiredService<IMeterFactory>();
        List<(string Name, double Value, Dictionary<string, object?> Tags)> measured = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                // A test beside this one that listens to spans, and records none of this trace, makes it an unrecorded call.
                if (instrument.Meter.Scope == factory && instrument.Name.StartsWith("gen_ai.", StringComparison.Ordinal))
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => measured.Add((instrument.Name, value, new(tags.ToArray())));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.Start();
        using var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("models");

        await Calls.ReadAll(client, Calls.ChatPath, """{"model":"m-1","stream":true,"messages":[]}""");

        Assert.Equal(
            ["gen_ai.client.operation.duration", "gen_ai.client.operation.time_to_first_chunk", "gen_ai.client.token.usage", "gen_ai.client.token.usage"],
            measured.Select(measurement => measurement.Name).Order(StringComparer.Ordinal));
        Assert.All(measured, measurement => Assert.Equal(
            ("chat", "llama_stack", "m-1", "m-2", "models.example", 8321),
            ((string)measurement.Tags["gen_ai.operation.name"]!, (string)measurement.Tags["gen_ai.provider.name"]!, (string)measurement.Tags["gen_ai.request.model"]!,
                (string)measurement.Tags["gen_ai.response.model"]!, (string)measurement.Tags["server.address"]!, (int)measurement.Tags["server.port"]!)));
        Assert.Equal([("input", 5.0), ("output", 2.0)], measured.Where(measurement => measurement.Tags.ContainsKey("gen_ai.token.type")).Select(measurement => ((string)measurement.Tags["gen_ai.token.type"]!, measurement.Value)));
        Assert.DoesNotContain(measured, measurement => measurement.Tags.ContainsKey("error.type") || measurement.Tags.ContainsKey("gen_ai.response.id"));
    }
}
