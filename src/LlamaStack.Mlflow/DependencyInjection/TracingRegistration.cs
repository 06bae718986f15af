using LlamaStack.Client;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow;

/// <summary>What tracing registers. Which way spans take is decided by options when the provider is built, not here.</summary>
internal static class TracingRegistration
{
    /// <summary>OpenTelemetry's own switch: its providers do nothing then, and ask nobody what they should have done.</summary>
    private const string SdkDisabled = "OTEL_SDK_DISABLED";

    public static ILlamaStackBuilder Add(ILlamaStackBuilder builder, TracingMode mode, Action<MlflowTracingOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        if (services.FirstOrDefault(service => service.ServiceType == typeof(TracingCalls))?.ImplementationInstance is TracingCalls calls)
        {
            calls.AreOfBothModes |= calls.Mode != mode;
        }
        else
        {
            services.AddSingleton(new TracingCalls(mode));
            services.AddOptionsWithValidateOnStart<MlflowTracingOptions, MlflowTracingOptionsRules>();

            // Before all that the application sets in code, wherever it does.
            services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<MlflowTracingOptions>, EnvironmentSettings>());
            services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<MlflowTracingOptions>>(new ConfigureOptions<MlflowTracingOptions>(options => options.Mode = mode)));
            services.AddSingleton<IPostConfigureOptions<GenAIInstrumentationOptions>, InstrumentationDefaults>();
            services.TryAddSingleton(TimeProvider.System);
            services.AddMetrics();
            AddMlflow(services);
            AddHealth(services);
            AddTracing(services);
        }

        if (configure is not null)
        {
            services.Configure(configure);
        }

        AddProbe(services, builder.Name);

        // Without a host nobody starts the provider: the first client does.
        builder.Http
            .AddGenAIInstrumentation(static options => options.AskForStreamUsage ??= true)
            .ConfigureAdditionalHttpMessageHandlers(static (_, provider) =>
            {
                provider.GetService<TracerProvider>();
                provider.GetService<MeterProvider>();
            });
        return builder;
    }

    private static void AddMlflow(IServiceCollection services)
    {
        services.AddHttpClient(MlflowHttp.ClientName)
            .ConfigureHttpClient(static (provider, http) => MlflowHttp.Configure(http, OptionsOf(provider)))
            .ConfigurePrimaryHttpMessageHandler(static provider => MlflowHttp.Handler(OptionsOf(provider)))
            .RemoveAllLoggers();
        services.TryAddTransient(static provider => new MlflowClient(provider.GetRequiredService<IHttpClientFactory>().CreateClient(MlflowHttp.ClientName)));
        services.AddSingleton(static provider => new MlflowServer(
            provider.GetRequiredService<MlflowClient>(), OptionsOf(provider), provider.GetRequiredService<ILogger<MlflowServer>>()));
        services.AddSingleton(static provider => new TracesRoute(OptionsOf(provider)));
        services.AddSingleton<DeliveryState>();
    }

    private static void AddHealth(IServiceCollection services)
    {
        services.AddSingleton<IProbe>(static provider => OptionsOf(provider) switch
        {
            _ when provider.GetService<IConfiguration>().ReadVariable(SdkDisabled) is { } value && bool.TryParse(value, out var isDisabled) && isDisabled => new InactiveProbe(SdkDisabled),
            { IsActive: false } => new InactiveProbe("MLFLOW_ENABLE_TRACING or LlamaStack:Tracing:Enabled"),
            { Mode: TracingMode.Otlp } => new OtlpProbe(OtlpSettings.Of(provider, OtlpSettings.OfTraces), provider.GetRequiredService<DeliveryState>()),
            var options => new MlflowProbe(
                provider.GetRequiredService<IHttpClientFactory>(), provider.GetRequiredService<TracesRoute>(), provider.GetRequiredService<MlflowClient>(), provider.GetRequiredService<MlflowServer>(), options, provider.GetRequiredService<DeliveryState>()),
        });
        services.AddSingleton<ExporterMetrics>();
        services.AddSingleton<HealthMonitor>();
        services.AddHostedService(static provider => provider.GetRequiredService<HealthMonitor>());

        // An application that cannot trace still serves; one whose models are away hardly does.
        services.AddHealthChecks().AddCheck<MonitoredHealthCheck>(HealthChecks.Mlflow, HealthStatus.Degraded, HealthChecks.Tags);
    }

    /// <summary>Each LlamaStack server has a check of its own.</summary>
    private static void AddProbe(IServiceCollection services, string server)
    {
        if (services.Any(service => service.ImplementationInstance is ProbedServer known && known.Name == server))
        {
            return;
        }

        services.AddSingleton(new ProbedServer(server));
        services.AddSingleton<IProbe>(provider => new LlamaStackProbe(
            server,
            server.Length == 0 ? provider.GetRequiredService<LlamaStackClient>() : provider.GetRequiredKeyedService<LlamaStackClient>(server),
            provider.GetRequiredService<IOptionsMonitor<LlamaStackClientOptions>>().Get(server)));
        services.AddHealthChecks().AddCheck<MonitoredHealthCheck>(HealthChecks.OfServer(server), HealthStatus.Unhealthy, HealthChecks.Tags);
    }

    private static void AddTracing(IServiceCollection services)
    {
        HttpSpans.Configure(services);
        OtlpSettings.Add(services);
        services.AddOpenTelemetry().WithTracing().WithMetrics();
        services.ConfigureOpenTelemetryMeterProvider(static (provider, metrics) =>
        {
            if (OptionsOf(provider).Mode is TracingMode.Otlp)
            {
                OtlpMetrics.Add(metrics, provider);
            }
        });
        services.ConfigureOpenTelemetryTracerProvider(static (provider, tracing) =>
        {
            var options = OptionsOf(provider);
            var logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(MlflowTracingOptions).Namespace!);
            WritesTwice.Say(logger, options, provider.GetRequiredService<TracingCalls>(), provider.GetService<IConfiguration>());
            if (!options.IsActive)
            {
                logger.TracingIsOff();
                return;
            }

            // From now on it counts.
            provider.GetRequiredService<ExporterMetrics>();
            ManualDefaults.HonorIncomingSampling = options.EffectiveHonorIncomingSampling;
            ManualDefaults.Content = options.CreateContentPolicy();
            tracing.AddSource(LlamaStackDiagnostics.SourceName, LlamaStackClientDiagnostics.SourceName);
            if (options.IncludeRequestSpans)
            {
                tracing.AddSource("Microsoft.AspNetCore");
            }

            if (options.EffectiveIncludeHttpSpans)
            {
                HttpSpans.Add(tracing, provider);
            }

            if (options.Mode is TracingMode.Otlp)
            {
                AddOtlp(tracing, options, provider, logger);
            }
            else
            {
                tracing.AddProcessor(services => CreateMlflow(services, options));
            }
        });
    }

    private static void AddOtlp(TracerProviderBuilder tracing, MlflowTracingOptions options, IServiceProvider provider, ILogger logger)
    {
        var settings = OtlpSettings.Of(provider, OtlpSettings.OfTraces);
        var shown = Addresses.Shown(settings.Endpoint);
        logger.TracesGoOverOtlp(shown);
        var state = provider.GetRequiredService<DeliveryState>();
        var batches = settings.BatchExportProcessorOptions;
        var retries = OnDisk(options, state, () => Directory.CreateDirectory(options.SpoolDirectory!).FullName);
        var exporter = OtlpEnvironment.Make(provider, () => new OtlpDelivery(settings, batches.MaxQueueSize, state), retries);
        state.Queued = () => exporter.Waiting;
        var otlp = new OtlpProcessor(exporter, batches);
        tracing.AddProcessor(new OtlpExperiment());
        tracing.AddProcessor(new TraceProcessor(new OtlpSink(otlp, options), options, provider.GetRequiredService<TimeProvider>()));
        tracing.AddProcessor(otlp);
    }

    private static TraceProcessor CreateMlflow(IServiceProvider provider, MlflowTracingOptions options)
    {
        var state = provider.GetRequiredService<DeliveryState>();
        var time = provider.GetRequiredService<TimeProvider>();
        TraceProcessor? processor = null;
        var resource = new TraceResource(() => processor!.ParentProvider, provider.GetService<IHostEnvironment>()?.ApplicationName);

        // Made now and kept: the last traces leave while the services are being disposed, and no new client can be had from them then.
        var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient(MlflowHttp.ClientName);
        var server = provider.GetRequiredService<MlflowServer>();
        var infos = new TraceInfos(provider.GetRequiredService<MlflowClient>(), server, options, state);
        var otlp = new OtlpTraces(options, resource);
        var delivery = new MlflowDelivery(new TracesPost(http, provider.GetRequiredService<TracesRoute>(), server, options, time), infos, options, state, time);
        var exporter = new MlflowExporter(
            new TraceEncoder(options, otlp, infos), (wake, lose) => CreateStore(options, state, () => otlp.Resource, time, wake, lose), delivery, options, state, time);
        processor = new TraceProcessor(exporter, options, time, state.NotSampled);
        return processor;
    }

    /// <summary>Where traces wait: on disk where that is asked for and can be had.</summary>
    private static ITraceStore CreateStore(
        MlflowTracingOptions options, DeliveryState state, Func<ReadOnlyMemory<byte>> resource, TimeProvider time, Action wake, Action<int> lose) =>
        OnDisk(options, state, () => (ITraceStore)new Spool(new SpoolFiles(new SpoolFolder(options), options, state, resource, time), options, state, time, wake, lose)) ?? new MemoryQueue();

    /// <summary>What keeps traces on disk; null where that is not asked for, or cannot be had, which is said.</summary>
    private static T? OnDisk<T>(MlflowTracingOptions options, DeliveryState state, Func<T> make)
        where T : class
    {
        try
        {
            return options.SpoolDirectory is { Length: > 0 } ? make() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            state.SpoolFails($"The spool directory {options.SpoolDirectory} cannot be used: {e.Message} Traces wait in memory.");
            return null;
        }
    }

    private static MlflowTracingOptions OptionsOf(IServiceProvider provider) => provider.GetRequiredService<IOptions<MlflowTracingOptions>>().Value;

    /// <summary>The mark that a server has its probe.</summary>
    private sealed record ProbedServer(string Name);
}
