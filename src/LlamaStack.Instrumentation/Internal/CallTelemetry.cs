using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlamaStack.Instrumentation;

/// <summary>What the calls of one handler share: options, instruments, a logger.</summary>
internal sealed class CallTelemetry(GenAIInstrumentationOptions options, IMeterFactory? meters, ILogger? logger)
{
    private int _saidNotRecorded;
    private int _saidObservingFailed;

    public ILogger Logger { get; } = logger ?? NullLogger.Instance;

    public GenAIMetrics Metrics { get; } = new(meters, options.Convention ?? ConventionOptIn.Of(Environment.GetEnvironmentVariable));

    public bool KeepContent { get; } = options.ContentCapture is ContentCapture.Full;

    public GenAIConvention Convention { get; } = options.Convention ?? ConventionOptIn.Of(Environment.GetEnvironmentVariable);

    public bool EmitOperationDetails { get; } = options.EmitOperationDetails ?? ConventionOptIn.EmitsEvents(Environment.GetEnvironmentVariable);

    public bool AttachContent => options.AttachContent;

    public bool WriteMessages => options.WriteMessages;

    public bool HonorIncomingSampling { get; } = options.HonorIncomingSampling ?? true;

    public bool InjectTraceContext { get; } = options.InjectTraceContext ?? true;

    /// <summary>Gets a value indicating whether anyone wants to know of a call.</summary>
    public bool IsEnabled => LlamaStackDiagnostics.Source.HasListeners() || Metrics.Enabled;

    public string ProviderOf(Uri server) => options.ProviderName ?? WellKnownProvider.Of(server) ?? WellKnownProvider.LlamaStack;

    public void CallNotRecorded(string reason)
    {
        Metrics.Unrecorded(reason);
        if (Interlocked.Exchange(ref _saidNotRecorded, 1) == 0)
        {
            Logger.CallNotRecorded(reason);
        }
    }

    /// <summary>A fault of ours never reaches the application's call; it is said once.</summary>
    public void ObservingFailed(Exception exception)
    {
        if (Interlocked.Exchange(ref _saidObservingFailed, 1) == 0)
        {
            Logger.ObservingFailed(exception);
        }
    }
}
