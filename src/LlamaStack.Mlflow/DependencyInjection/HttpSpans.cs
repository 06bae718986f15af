using System.Diagnostics;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Instrumentation.Http;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow;

/// <summary>The HTTP client's span below each model call, and below nothing else unless the application has asked for more itself.</summary>
internal static class HttpSpans
{
    private const string OptionsName = "LlamaStack";

    /// <summary>Notes whether the application has the instrumentation, too.</summary>
    public static void Configure(IServiceCollection services)
    {
        // Options of the default name are made for the application's own AddHttpClientInstrumentation() alone. Where it has one, it decides what is recorded:
        // two filters on one span would give what both let pass.
        var application = new Application();
        services.AddSingleton(application);
        services.PostConfigure<HttpClientTraceInstrumentationOptions>(Microsoft.Extensions.Options.Options.DefaultName, _ => application.IsInstrumented = true);
    }

    /// <summary>Switches them on. Whether that is wanted is known when the provider is built, by the options as they are then: the instrumentation gets services of its own.</summary>
    public static void Add(TracerProviderBuilder tracing, IServiceProvider provider)
    {
        var application = provider.GetRequiredService<Application>();
        void Instrument(TracerProviderBuilder builder) => builder.AddHttpClientInstrumentation(
            OptionsName, options => options.FilterHttpRequestMessage = _ => application.IsInstrumented || IsModelCall());

        var services = new ServiceCollection();
        services.AddOptions();
        services.AddSingleton<IConfiguration>(provider.GetService<IConfiguration>() ?? new ConfigurationBuilder().Build());
        services.ConfigureOpenTelemetryTracerProvider(Instrument);
        var own = services.BuildServiceProvider();
        tracing.AddInstrumentation(() => own);
        Instrument(new LateBuilder(tracing, own));
    }

    /// <summary>The filter runs in the HTTP span, which has started below the call's.</summary>
    private static bool IsModelCall() => Activity.Current?.Parent?.Source.Name == LlamaStackDiagnostics.SourceName;

    private sealed class Application
    {
        public bool IsInstrumented { get; set; }
    }

    /// <summary>The builder of a provider that is being built, for an instrumentation that finds its services elsewhere.</summary>
    private sealed class LateBuilder(TracerProviderBuilder tracing, IServiceProvider services) : TracerProviderBuilder, IDeferredTracerProviderBuilder
    {
        public override TracerProviderBuilder AddInstrumentation<TInstrumentation>(Func<TInstrumentation?> instrumentationFactory)
            where TInstrumentation : class
        {
            tracing.AddInstrumentation(instrumentationFactory);
            return this;
        }

        public override TracerProviderBuilder AddSource(params string[] names)
        {
            tracing.AddSource(names);
            return this;
        }

        public override TracerProviderBuilder AddLegacySource(string operationName)
        {
            tracing.AddLegacySource(operationName);
            return this;
        }

        public TracerProviderBuilder Configure(Action<IServiceProvider, TracerProviderBuilder> configure)
        {
            configure(services, this);
            return this;
        }
    }
}
