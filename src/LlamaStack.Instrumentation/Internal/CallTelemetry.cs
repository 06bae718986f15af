using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlamaStack.Instrumentation;

/// <summary>What the calls of one handler share: options, instruments, a logger.</summary>
internal sealed class CallTelemetry
{
    private readonly GenAIInstrumentationOptions _options;
    private int _saidNotRecorded;
    private int _saidObservingFailed;

    public CallTelemetry(GenAIInstrumentationOptions options, IMeterFactory? meters, ILogger? logger)
    {
        if (options is { ContentCapture: ContentCapture.Redacted, Redact: null })
        {
            throw new ArgumentException("ContentCapture is Redacted, but there is nothing that redacts: set GenAIInstrumentationOptions.Redact, or ContentCapture to None or Full.", nameof(options));
        }

        _options = options;
        Content = new ContentPolicy(options.ContentCapture ?? ContentCapture.None, options.Redact, options.MaxContentLength ?? ContentPolicy.DefaultMaxLength, ObservingFailed);
        Convention = options.Convention ?? ConventionOptIn.Of(Environment.GetEnvironmentVariable);
        EmitOperationDetails = options.EmitOperationDetails ?? ConventionOptIn.EmitsEvents(Environment.GetEnvironmentVariable);
        Logger = logger ?? NullLogger.Instance;
        Metrics = new GenAIMetrics(meters, Convention);
    }

    public ILogger Logger { get; }

    public GenAIMetrics Metrics { get; }

    public GenAIConvention Convention { get; }

    public bool EmitOperationDetails { get; }

    /// <summary>Gets what becomes of content, unless the application says otherwise for a while.</summary>
    public ContentPolicy Content { get; }

    public bool AttachContent => _options.AttachContent;

    public bool WriteMessages => _options.WriteMessages;

    public bool HonorIncomingSampling => _options.HonorIncomingSampling ?? true;

    public bool AskForStreamUsage => _options.AskForStreamUsage ?? false;

    public bool InjectTraceContext => _options.InjectTraceContext ?? true;

    /// <summary>Gets a value indicating whether anyone wants to know of a call.</summary>
    public bool IsEnabled => LlamaStackDiagnostics.Source.HasListeners() || Metrics.Enabled;

    public string ProviderOf(Uri server) => _options.ProviderName ?? WellKnownProvider.Of(server) ?? WellKnownProvider.LlamaStack;

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
