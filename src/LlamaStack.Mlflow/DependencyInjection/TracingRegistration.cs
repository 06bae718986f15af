using LlamaStack.Client;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow;

/// <summary>What tracing registers. Which way spans take is decided by options when the provider is built, not here.</summary>
internal static class TracingRegistration
{
    public static ILlamaStackBuilder Add(ILlamaStackBuilder builder, TracingMode mode, Action<MlflowTracingOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        if (!services.Any(service => service.ServiceType == typeof(TracingMark)))
        {
            services.AddSingleton<TracingMark>();
            services.AddOptionsWithValidateOnStart<MlflowTracingOptions, MlflowTracingOptionsRules>().Configure(options => options.Mode = mode);
            services.AddSingleton<IConfigureOptions<MlflowTracingOptions>, EnvironmentSettings>();
            services.AddSingleton<IPostConfigureOptions<GenAIInstrumentationOptions>, InstrumentationDefaults>();
            services.TryAddSingleton(TimeProvider.System);
            services.AddMetrics();
            AddMlflow(services);
            AddHealth(services);
            AddTracing(services, PeekOptions(services, mode, configure));
        }

        if (configure is not null)
        {
            services.Configure(configure);
        }

        AddProbe(services, builder.Name);

        // Without a host nobody starts the provider: the first client does.
        builder.Http
            .AddGenAIInstrumentation()
            .ConfigureAdditionalHttpMessageHandlers(static (_, provider) => provider.GetService<TracerProvider>());
        return builder;
    }

    private static void AddMlflow(IServiceCollection services)
    {
        services.AddHttpClient(MlflowHttp.ClientName)
            .ConfigureHttpClient(static (provider, http) => MlflowHttp.Configure(http, OptionsOf(provider)))
            .ConfigurePrimaryHttpMessageHandler(static provider => MlflowHttp.Handler(OptionsOf(provider)))
            .RemoveAllLoggers();
        services.AddHttpClient(MlflowHttp.OtlpClientName).RemoveAllLoggers();
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
            { IsActive: false } => new InactiveProbe(),
            { Mode: TracingMode.Otlp } => new OtlpProbe(provider.GetRequiredService<IHttpClientFactory>(), OtlpSettings.Traces(provider.GetService<IConfiguration>())),
            var options => new MlflowProbe(
                provider.GetRequiredService<IHttpClientFactory>(), provider.GetRequiredService<TracesRoute>(), provider.GetRequiredService<MlflowClient>(), provider.GetRequiredService<MlflowServer>(), options, provider.GetRequiredService<DeliveryState>()),
        });
        services.AddSingleton<HealthMonitor>();
        services.AddHostedService(static provider => provider.GetRequiredService<HealthMonitor>());

        // An application that cannot trace still serves; one whose models are away hardly does.
        services.AddHealthChecks().AddCheck<MonitoredHealthCheck>(HealthChecks.Mlflow, HealthStatus.Degraded);
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
        services.AddHealthChecks().AddCheck<MonitoredHealthCheck>(HealthChecks.OfServer(server), HealthStatus.Unhealthy);
    }

    private static void AddTracing(IServiceCollection services, MlflowTracingOptions peeked)
    {
        services.AddOpenTelemetry().WithTracing(tracing =>
        {
            if (peeked is { IsActive: true, EffectiveIncludeHttpSpans: true })
            {
                HttpSpans.Add(tracing, services);
            }
        });
        services.ConfigureOpenTelemetryTracerProvider(static (provider, tracing) =>
        {
            var options = OptionsOf(provider);
            var logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(MlflowTracingOptions).Namespace!);
            if (!options.IsActive)
            {
                logger.TracingIsOff();
                return;
            }

            ManualDefaults.HonorIncomingSampling = options.EffectiveHonorIncomingSampling;
            ManualDefaults.KeepErrorText = options.EffectiveContentCapture is ContentCapture.Full;
            tracing.AddSource(LlamaStackDiagnostics.SourceName, LlamaStackClientDiagnostics.SourceName);
            if (options.IncludeRequestSpans)
            {
                tracing.AddSource("Microsoft.AspNetCore");
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
        var settings = OtlpSettings.Traces(provider.GetService<IConfiguration>());
        var shown = Addresses.Shown(settings.Endpoint);
        logger.TracesGoOverOtlp(shown);
        var otlp = new OtlpProcessor(settings, new BatchExportActivityProcessorOptions());
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
        MlflowTracingOptions options, DeliveryState state, Func<ReadOnlyMemory<byte>> resource, TimeProvider time, Action wake, Action<int> lose)
    {
        if (options.SpoolDirectory is { Length: > 0 } directory)
        {
            try
            {
                return new Spool(new SpoolFolder(options), options, state, resource, time, wake, lose);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                state.SpoolFails($"The spool directory {directory} cannot be used: {e.Message} Traces wait in memory.");
            }
        }

        return new MemoryQueue();
    }

    /// <summary>
    /// Which instrumentation is registered depends on the mode, and can only be said before the provider is built: the options as they are known now,
    /// from the host's configuration, the environment and code.
    /// </summary>
    private static MlflowTracingOptions PeekOptions(IServiceCollection services, TracingMode mode, Action<MlflowTracingOptions>? configure)
    {
        var host = services.FirstOrDefault(service => service.ServiceType == typeof(HostBuilderContext))?.ImplementationInstance as HostBuilderContext;
        var configuration = host?.Configuration ?? services.FirstOrDefault(service => service.ServiceType == typeof(IConfiguration))?.ImplementationInstance as IConfiguration;
        var options = new MlflowTracingOptions { Mode = mode };
        EnvironmentSettings.Apply(options, configuration);
        configure?.Invoke(options);
        return options;
    }

    private static MlflowTracingOptions OptionsOf(IServiceProvider provider) => provider.GetRequiredService<IOptions<MlflowTracingOptions>>().Value;

    /// <summary>The mark that tracing is registered.</summary>
    private sealed class TracingMark;

    /// <summary>The mark that a server has its probe.</summary>
    private sealed record ProbedServer(string Name);
}
