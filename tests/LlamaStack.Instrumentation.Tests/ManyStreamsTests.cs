using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json.Nodes;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Streams cut anywhere, delayed anyhow, ended in every way, several at a time. Alone: it looks at what is the whole process's.</summary>
[Collection(nameof(Alone))]
public sealed class ManyStreamsTests(ITestOutputHelper output)
{
    private const int Count = 10_000;
    private const int WarmUp = Count / 5;

    private static readonly HttpRequestOptionsKey<Func<HttpResponseMessage>> _answer = new("answer");

    private static readonly (string Path, byte[] Body, bool IsError)[] _streams =
    [
        Stream("chat", "stream-usage"), Stream("chat", "tools-parallel-stream"), Stream("chat", "n2-stream"), Stream("chat", "reasoning-stream"), Stream("chat", "error-midstream"),
        Stream("completions", "stream"), Stream("responses", "stream"), Stream("responses", "function-call-parallel-stream"), Stream("responses", "mcp-stream"),
        Stream("responses", "refusal-stream"), Stream("responses", "error-provider-429-stream"),
    ];

    /// <summary>So many more run behind those that are asked about: the last of all may still be held by the threads that ran them.</summary>
    private const int Behind = 64;

    private readonly int[] _ends = new int[Count + Behind];
    private readonly bool[] _isError = new bool[Count + Behind];
    private readonly int[] _measured = new int[Count + Behind];
    private readonly ConcurrentQueue<string> _wrong = [];

    private enum Ending
    {
        Whole,
        Broken,
        Early,
        Cancelled,
        Left,
        LeftDuringARead,
        CancelledDuringARead,
        NeverRead,
        Forgotten,
        Refused,
    }

    [Fact]
    public async Task However_ten_thousand_streams_end_each_span_ends_once_and_nothing_stays_behind()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LLAMASTACK_TEST_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();
        output.WriteLine($"LLAMASTACK_TEST_SEED={seed}");
        await using var provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = provider.GetRequiredService<IMeterFactory>();
        var log = new LoggedEvents();
        using var spans = ListenToSpans();
        using var metrics = ListenToMetrics(meters);
        using var client = new HttpClient(new GenAIInstrumentationHandler(new CallTelemetry(Calls.Full, meters, log)) { InnerHandler = new Server() });
        ConcurrentQueue<Exception> unobserved = [];
        void Observe(object? sender, UnobservedTaskExceptionEventArgs e) => unobserved.Enqueue(e.Exception);
        Collect();
        TaskScheduler.UnobservedTaskException += Observe;
        try
        {
            await RunAsync(client, seed, 0, WarmUp);
            var before = LiveBytes(WarmUp);
            await RunAsync(client, seed, WarmUp, Count + Behind);
            var growth = LiveBytes(Count) - before;
            output.WriteLine($"{growth} bytes more live after {Count - WarmUp} further streams");

            Assert.All(_ends[..Count], (ends, stream) => Assert.True(ends == 1, $"The span of stream {stream} of seed {seed} ended {ends} times."));
            Assert.All(_measured[..Count], (measured, stream) => Assert.True(measured == 1, $"The duration of stream {stream} of seed {seed} was measured {measured} times."));
            Assert.Empty(_wrong);
            Assert.Equal([1003], log.Ids);
            Assert.Empty(unobserved);

            // One exchange that stays is some 3 KB: one in twenty would show.
            Assert.True(growth < (Count - WarmUp) * 150, $"{growth} bytes stay behind after {Count - WarmUp} streams.");
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Observe;
        }
    }

    private static (string Path, byte[] Body, bool IsError) Stream(string folder, string name)
    {
        var exchange = Fixtures.Live(folder, name);
        return ("http://models.example" + exchange.Path, exchange.Response, name.StartsWith("error", StringComparison.Ordinal));
    }

    private Task RunAsync(HttpClient client, int seed, int from, int to) =>
        Parallel.ForAsync(from, to, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (stream, _) => await CallAsync(client, stream, new Random(unchecked((seed * 31) + stream))));

    /// <summary>Makes one call, with a model that is the number of the stream.</summary>
    private async Task CallAsync(HttpClient client, int stream, Random random)
    {
        var (path, body, isError) = _streams[random.Next(_streams.Length)];
        var ending = (Ending)random.Next(Enum.GetValues<Ending>().Length);
        var pieces = Cut(body, random);
        var stop = random.Next(pieces.Count + 1);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var delays = Enumerable.Range(0, pieces.Count + 1).Select(_ => random.Next(4)).ToArray();
        Task Delay(int piece) =>
            piece == stop && ending is (Ending.LeftDuringARead or Ending.CancelledDuringARead) ? held.Task
            : delays[Math.Min(piece, pieces.Count)] switch { 0 => Yield(), 1 => Task.Run(static () => { }), _ => Task.CompletedTask };
        var request = Calls.Post(path, $$"""{"model":"{{stream}}","stream":true}""");
        request.Options.Set(_answer, () => ending is Ending.Refused ? throw new HttpRequestException(HttpRequestError.ConnectionError, "refused")
            : Answer(ending is Ending.Broken or Ending.Early ? [.. pieces.Take(stop)] : pieces, ending is Ending.Broken ? new HttpIOException(HttpRequestError.ResponseEnded, "broken") : null, Delay));
        using var cancel = new CancellationTokenSource();
        try
        {
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if (ending is Ending.Forgotten)
            {
                await ReadAsync(await response.Content.ReadAsStreamAsync(), stop, random, CancellationToken.None);
                return;
            }

            using (response)
            {
                if (ending is Ending.Whole && random.Next(3) == 0)
                {
                    var read = await response.Content.ReadAsByteArrayAsync();
                    Check(body.AsSpan().SequenceEqual(read), stream, "other bytes");
                }
                else if (ending is not Ending.NeverRead)
                {
                    await using var content = await response.Content.ReadAsStreamAsync();
                    await ReadAsync(content, ending is Ending.Whole or Ending.Broken or Ending.Early ? int.MaxValue : stop, random, cancel.Token);
                    if (ending is Ending.Cancelled)
                    {
                        await cancel.CancelAsync();
                        _ = await content.ReadAsync(new byte[100], cancel.Token);
                    }
                    else if (ending is Ending.LeftDuringARead or Ending.CancelledDuringARead)
                    {
                        var reading = content.ReadAsync(new byte[100], cancel.Token).AsTask();
                        var leaving = Task.Run(() => ending is Ending.LeftDuringARead ? content.DisposeAsync().AsTask() : cancel.CancelAsync());
                        held.SetResult();
                        await leaving;
                        await reading;
                    }
                }
            }
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException or OperationCanceledException)
        {
            Check(ending is Ending.Refused or Ending.Broken or Ending.Cancelled or Ending.CancelledDuringARead, stream, e.Message);
        }

        Check(Volatile.Read(ref _ends[stream]) == 1, stream, $"not ended after {ending}");
        Check(IsError(ending, isError) is not { } expected || _isError[stream] == expected, stream, $"{ending} of {path}: {(_isError[stream] ? "an error" : "no error")}");
    }

    private static async Task ReadAsync(Stream content, int pieces, Random random, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 16];
        for (var piece = 0; piece < pieces; piece++)
        {
            var read = random.Next(8) == 0 ? content.Read(buffer) : await content.ReadAsync(buffer, cancellationToken);
            if (read == 0)
            {
                return;
            }
        }
    }

    /// <summary>Whether this ending is an error; null where it depends on who was first, or how far it came.</summary>
    private static bool? IsError(Ending ending, bool isErrorStream) => ending switch
    {
        Ending.Broken or Ending.Cancelled or Ending.Refused => true,
        Ending.Whole => isErrorStream,
        Ending.Left or Ending.NeverRead when !isErrorStream => false,
        _ => null,
    };

    private static async Task Yield() => await Task.Yield();

    private static HttpResponseMessage Answer(IReadOnlyList<byte[]> pieces, Exception? end, Func<int, Task> delay)
    {
        var content = new StreamContent(new PieceStream(pieces, end, delay));
        content.Headers.ContentType = new("text/event-stream");
        return new HttpResponseMessage { Content = content };
    }

    private static List<byte[]> Cut(byte[] body, Random random)
    {
        List<byte[]> pieces = [];
        for (var start = 0; start < body.Length;)
        {
            var length = Math.Min(body.Length - start, 1 + random.Next(random.Next(3) == 0 ? 20 : 3000));
            pieces.Add(body[start..(start + length)]);
            start += length;
        }

        return pieces;
    }

    private void Check(bool isRight, int stream, string otherwise)
    {
        if (!isRight)
        {
            _wrong.Enqueue($"{stream}: {otherwise}");
        }
    }

    private ActivityListener ListenToSpans()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LlamaStackDiagnostics.SourceName,
            Sample = (ref options) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (!int.TryParse((string?)span.GetTagItem("gen_ai.request.model"), CultureInfo.InvariantCulture, out var stream))
                {
                    return;
                }

                // As an exporter does: holds the content, reads it, lets go.
                var content = SpanContent.Of(span)!;
                content.Hold();
                Check(content.Outputs is null || JsonNode.Parse(content.Outputs.Span) is JsonObject, stream, "no JSON");
                content.Release();
                _isError[stream] = span.Status is ActivityStatusCode.Error;
                Interlocked.Increment(ref _ends[stream]);
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private MeterListener ListenToMetrics(IMeterFactory meters)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Scope == meters && instrument.Name == "gen_ai.client.operation.duration")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            foreach (var (key, value) in tags)
            {
                if (key == "gen_ai.request.model")
                {
                    Interlocked.Increment(ref _measured[int.Parse((string)value!, CultureInfo.InvariantCulture)]);
                }
            }
        });
        listener.Start();
        return listener;
    }

    /// <summary>What is live once all that was forgotten is collected.</summary>
    private long LiveBytes(int streams)
    {
        for (var tries = 0; tries < 50 && _ends.AsSpan(0, streams).IndexOf(0) >= 0; tries++)
        {
            Collect();
        }

        Collect();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    /// <summary>Which events were logged, and no more: lines with their exceptions would be most of what stays behind.</summary>
    private sealed class LoggedEvents : ILogger
    {
        private readonly ConcurrentDictionary<int, bool> _ids = [];

        public IEnumerable<int> Ids => _ids.Keys;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _ids.TryAdd(eventId.Id, true);
    }

    private sealed class Server : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Options.TryGetValue(_answer, out var answer);
            return Task.FromResult(answer!());
        }
    }
}
