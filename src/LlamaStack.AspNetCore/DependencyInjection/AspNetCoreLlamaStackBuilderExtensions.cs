using LlamaStack.AspNetCore;
using OpenTelemetry.Trace;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Tracing of the requests that model calls are made for.</summary>
public static class AspNetCoreLlamaStackBuilderExtensions
{
    /// <summary>Has the request's own span named and filled by OpenTelemetry.Instrumentation.AspNetCore, and says what of a request becomes part of its trace.</summary>
    /// <param name="builder">What <c>AddLlamaStack()</c> returned.</param>
    /// <param name="configure">Session, user and the header with the trace's id.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// Goes with <c>app.UseLlamaStackTracing()</c>. Harmless beside the application's own <c>AddAspNetCoreInstrumentation()</c>: each request has one span.
    /// </remarks>
    public static ILlamaStackBuilder WithRequestTracing(this ILlamaStackBuilder builder, Action<RequestTracingOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<RequestTracingOptions>();
        if (configure is not null)
        {
            builder.Services.Configure(configure);
        }

        builder.Services.AddOpenTelemetry().WithTracing(static tracing => tracing.AddAspNetCoreInstrumentation());
        return builder;
    }
}
