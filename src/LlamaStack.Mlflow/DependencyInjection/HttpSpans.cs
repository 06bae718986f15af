using System.Diagnostics;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Instrumentation.Http;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow;

/// <summary>The HTTP client's span below each model call, and below nothing else unless the application has asked for more itself.</summary>
internal static class HttpSpans
{
    private const string OptionsName = "LlamaStack";

    public static void Add(TracerProviderBuilder tracing, IServiceCollection services)
    {
        // Options of the default name are made for the application's own AddHttpClientInstrumentation() alone. Where it has one, it decides what is recorded:
        // two filters on one span would give what both let pass.
        var application = new Application();
        services.PostConfigure<HttpClientTraceInstrumentationOptions>(Microsoft.Extensions.Options.Options.DefaultName, _ => application.IsInstrumented = true);
        tracing.AddHttpClientInstrumentation(OptionsName, options => options.FilterHttpRequestMessage = _ => application.IsInstrumented || IsModelCall());
    }

    /// <summary>The filter runs in the HTTP span, which has started below the call's.</summary>
    private static bool IsModelCall() => Activity.Current?.Parent?.Source.Name == LlamaStackDiagnostics.SourceName;

    private sealed class Application
    {
        public bool IsInstrumented { get; set; }
    }
}
