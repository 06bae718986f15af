using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Instrumentation.Tests;

public sealed class MetricsTests
{
    private const string Operation = "gen_ai.client.operation.";
    private const string Inference = "gen_ai.client.inference.";
    private static readonly double[] _seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    private static readonly long[] _tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

    private static readonly string[] _released =
        [$"{Operation}duration 1", $"{Operation}time_per_output_chunk 2", $"{Operation}time_to_first_chunk 1", "gen_ai.client.token.usage input 5", "gen_ai.client.token.usage output 2"];

    private static readonly string[] _latest =
    [
        $"{Inference}duration 1", $"{Inference}operation.input_tokens 5", $"{Inference}operation.output_tokens 2", $"{Inference}time_per_output_chunk 2", $"{Inference}time_to_first_chunk 1",
        $"{Inference}usage.cache_read.input_tokens 3", $"{Inference}usage.input_tokens 5", $"{Inference}usage.output_tokens 2", $"{Inference}usage.reasoning.output_tokens 1",
    ];

    public static TheoryData<GenAIConvention, string[]> Forms() => new()
    {
        { GenAIConvention.Released, _released },
        { GenAIConvention.Latest, _latest },
        { GenAIConvention.Both, [.. _released.Concat(_latest).Order(StringComparer.Ordinal)] },
    };

    /// <summary>Token metrics with their count, the others with how often they were recorded.</summary>
    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_streamed_call_is_measured_by_the_instruments_of_the_form(GenAIConvention convention, string[] expected)
    {
        using var measured = await Measured.Of(
            convention, Calls.ChatPath, """{"model":"m-1","stream":true,"messages":[]}""",
            () => StubServer.Events(
                """{"id":"c-1","model":"m-2","choices":[{"delta":{"content":"Hi"},"index":0}]}""",
                """{"id":"c-1","model":"m-2","choices":[{"delta":{"content":" there"},"index":0,"finish_reason":"stop"}]}""",
                """{"id":"c-1","model":"m-2","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":1}}}"""));

        Assert.Equal(expected, measured.Summary());
        Assert.All(measured.All, measurement => Assert.Equal(
            ("chat", "llama_stack", "m-1", "models.example", 8321),
            ((string)measurement.Tags["gen_ai.operation.name"]!, (string)measurement.Tags["gen_ai.provider.name"]!, (string)measurement.Tags["gen_ai.request.model"]!,
                (string)measurement.Tags["server.address"]!, (int)measurement.Tags["server.port"]!)));

        // Between chunks it is not known yet who answers.
        Assert.All(measured.All, measurement => Assert.Equal(measurement.Instrument.Name.EndsWith("per_output_chunk", StringComparison.Ordinal) ? null : "m-2", measurement.Tags.GetValueOrDefault("gen_ai.response.model")));
        Assert.All(measured.All, measurement => Assert.Equal(measurement.Instrument.Name.StartsWith(Inference + "usage.", StringComparison.Ordinal) ? "unknown" : null, measurement.Tags.GetValueOrDefault("gen_ai.token.modality")));
        Assert.DoesNotContain(measured.All, measurement => measurement.Tags.ContainsKey("error.type") || measurement.Tags.ContainsKey("gen_ai.response.id"));
        Assert.All(measured.All, measurement => AssertInstrument(measurement.Instrument));
    }

    [Theory]
    [InlineData(GenAIConvention.Released, "gen_ai.client.operation.duration 1", "gen_ai.client.token.usage input 5")]
    [InlineData(GenAIConvention.Latest, "gen_ai.client.operation.duration 1")]
    [InlineData(GenAIConvention.Both, "gen_ai.client.operation.duration 1", "gen_ai.client.token.usage input 5")]
    public async Task A_call_that_is_no_inference_keeps_its_duration_in_every_form(GenAIConvention convention, params string[] expected)
    {
        using var measured = await Measured.Of(
            convention, Calls.EmbeddingsPath, """{"model":"m-1","input":"Hi"}""", () => StubServer.Json("""{"data":[{"embedding":[1,2]}],"usage":{"prompt_tokens":5,"total_tokens":5}}"""));

        Assert.Equal(expected, measured.Summary());
    }

    [Theory]
    [InlineData(GenAIConvention.Released, "gen_ai.client.operation.duration")]
    [InlineData(GenAIConvention.Latest, "gen_ai.client.inference.duration")]
    public async Task A_failed_call_says_so_on_its_duration(GenAIConvention convention, string instrument)
    {
        using var measured = await Measured.Of(
            convention, Calls.ChatPath, Calls.Hello, () => StubServer.Json("{}", System.Net.HttpStatusCode.TooManyRequests));

        var measurement = Assert.Single(measured.All);
        Assert.Equal((instrument, "429"), (measurement.Instrument.Name, measurement.Tags["error.type"]));
    }

    [Fact]
    public async Task A_stored_response_that_is_fetched_counts_no_tokens()
    {
        using var measured = await Measured.Of(
            GenAIConvention.Both, Calls.ResponsesPath + "/resp_1", null, () => StubServer.Json("""{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":5,"output_tokens":2}}"""));

        Assert.Equal(["gen_ai.client.operation.duration 1"], measured.Summary());
    }

    private static void AssertInstrument(Instrument instrument)
    {
        if (instrument is Histogram<double> seconds)
        {
            Assert.Equal("s", seconds.Unit);
            Assert.Equal(_seconds, seconds.Advice!.HistogramBucketBoundaries!);
        }
        else
        {
            Assert.Equal("{token}", instrument.Unit);
            Assert.True(instrument is Counter<long> || ((Histogram<long>)instrument).Advice!.HistogramBucketBoundaries!.SequenceEqual(_tokens));
        }
    }

    private sealed class Measured : IDisposable
    {
        private readonly MeterListener _listener;

        private Measured(IMeterFactory factory)
        {
            _listener = new MeterListener
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
            void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => All.Add((instrument, value, new(tags.ToArray())));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
            _listener.Start();
        }

        public List<(Instrument Instrument, double Value, Dictionary<string, object?> Tags)> All { get; } = [];

        public static async Task<Measured> Of(GenAIConvention convention, string url, string? body, Func<HttpResponseMessage> answer)
        {
            var services = new ServiceCollection();
            services.AddHttpClient("models").AddGenAIInstrumentation(options => options.Convention = convention).ConfigurePrimaryHttpMessageHandler(() => new StubServer(_ => answer()));
            await using var provider = services.BuildServiceProvider();
            var measured = new Measured(provider.GetRequiredService<IMeterFactory>());
            using var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("models");
            if (body is null)
            {
                await client.GetStringAsync(new Uri(url), TestContext.Current.CancellationToken);
            }
            else
            {
                await Calls.ReadAll(client, url, body);
            }

            return measured;
        }

        public IEnumerable<string> Summary() => All
            .GroupBy(measurement => (measurement.Instrument.Name, Type: (string?)measurement.Tags.GetValueOrDefault("gen_ai.token.type")))
            .Select(group => $"{group.Key.Name}{(group.Key.Type is null ? "" : " " + group.Key.Type)} {(group.First().Instrument.Unit is "s" ? group.Count() : group.Sum(measurement => measurement.Value))}")
            .Order(StringComparer.Ordinal);

        public void Dispose() => _listener.Dispose();
    }
}
