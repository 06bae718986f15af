using System.Diagnostics.Metrics;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Instruments the model calls of an <see cref="HttpClient"/>.</summary>
public static class GenAIHttpClientBuilderExtensions
{
    /// <summary>Gives each model call of this client one GenAI span, outermost in its pipeline: retries of one call are one span.</summary>
    /// <param name="builder">The client's builder.</param>
    /// <param name="configure">What to record; what it leaves unset follows <c>WithMlflowTracing()</c>.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>Calling it twice is harmless: two handlers in one pipeline make one span.</remarks>
    public static IHttpClientBuilder AddGenAIInstrumentation(this IHttpClientBuilder builder, Action<GenAIInstrumentationOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var name = builder.Name;
        if (configure is not null)
        {
            builder.Services.Configure(name, configure);
        }

        builder.Services.AddOptions();
        builder.Services.AddMetrics();
        return builder.ConfigureAdditionalHttpMessageHandlers((handlers, services) =>
            handlers.Insert(0, new GenAIInstrumentationHandler(new CallTelemetry(
                services.GetRequiredService<IOptionsMonitor<GenAIInstrumentationOptions>>().Get(name),
                services.GetService<IMeterFactory>(),
                services.GetService<ILoggerFactory>()?.CreateLogger(typeof(GenAIInstrumentationHandler).FullName!)))));
    }
}
