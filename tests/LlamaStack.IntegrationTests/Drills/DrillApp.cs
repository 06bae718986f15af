using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.IntegrationTests.Drills;

/// <summary>An application in this process that asks a model, which answers at once, and traces to a real MLflow.</summary>
internal sealed class DrillApp : IAsyncDisposable
{
    public const int InputTokens = 10;
    public const int OutputTokens = 5;

    private readonly ServiceProvider _services;
    private readonly MeterListener _listener = new();
    private readonly DeliveryState _state;
    private long _exported;

    public DrillApp(Uri mlflow, Action<MlflowTracingOptions>? tracing = null)
    {
        Experiment = $"drill-{Guid.NewGuid():N}";
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddLlamaStack(options => (options.Endpoint, options.Model) = (new Uri("http://models.example"), "demo/llama"))
            .WithMlflowTracing(options =>
            {
                options.TrackingUri = mlflow;
                options.ExperimentName = Experiment;
                tracing?.Invoke(options);
            })
            .Http.ConfigurePrimaryHttpMessageHandler(static () => new Model());
        _services = services.BuildServiceProvider();
        _services.GetRequiredService<TracerProvider>();
        _state = _services.GetRequiredService<DeliveryState>();
        var meters = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "llama_stack.exporter.exported" && instrument.Meter.Scope == meters)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _exported, value));
        _listener.Start();
    }

    public string Experiment { get; }

    public long Exported => Interlocked.Read(ref _exported);

    public long Dropped => _state.Dropped;

    public string? Losses => _state.Losses;

    public int Queued => _state.Queued!();

    public long Spooled => _state.Spooled?.Invoke() ?? 0;

    /// <summary>One trace: a question, below a span of its own and beside others if there are to be several.</summary>
    public async Task AskAsync(string question, int spans = 1)
    {
        System.Diagnostics.Activity.Current = null;
        using var root = spans > 1 ? LlamaStackTrace.StartSpan("agent") : null;
        for (var number = 2; number < spans; number++)
        {
            using var step = LlamaStackTrace.StartSpan(string.Create(CultureInfo.InvariantCulture, $"step {number}"));
            step.SetInputs($"step {number} of {question[..Math.Min(question.Length, 100)]}");
        }

        await _services.GetRequiredService<IChatClient>().GetResponseAsync(question, cancellationToken: DrillRun.Cancellation);
    }

    public bool Flush(TimeSpan timeout) => _services.GetRequiredService<TracerProvider>().ForceFlush((int)timeout.TotalMilliseconds);

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _services.DisposeAsync();
    }

    private sealed class Model : HttpMessageHandler
    {
        private static readonly byte[] _answer = Encoding.UTF8.GetBytes(
            "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1790000000,\"model\":\"demo/llama\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\",\"content\":\""
            + new string('a', 2000)
            + $"\"}}}}],\"usage\":{{\"prompt_tokens\":{InputTokens},\"completion_tokens\":{OutputTokens},\"total_tokens\":{InputTokens + OutputTokens}}}}}");

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await request.Content!.CopyToAsync(Stream.Null, cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(_answer) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } } };
        }
    }
}
