using LlamaStack.AspNetCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
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

    /// <summary>Lets users say what they think of an answer: each traced answer comes with a token for it, and <c>app.MapLlamaStackFeedback()</c> takes feedback that holds one.</summary>
    /// <param name="builder">What <c>AddLlamaStack()</c> returned.</param>
    /// <param name="configure">Settings in code; they go before the configuration section <c>LlamaStack:Feedback</c>.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">At the start of the host: a setting is wrong; the message says which.</exception>
    /// <remarks>
    /// Goes with <c>app.UseLlamaStackTracing()</c>, which hands the tokens out, and with <c>WithMlflowTracing()</c>, which knows where MLflow is. Registers ASP.NET Core's
    /// Data Protection; several instances of an application must share its keys.
    /// </remarks>
    public static ILlamaStackBuilder WithFeedback(this ILlamaStackBuilder builder, Action<FeedbackOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptionsWithValidateOnStart<FeedbackOptions, FeedbackOptionsRules>().BindConfiguration(FeedbackOptions.SectionName);
        if (configure is not null)
        {
            builder.Services.Configure(configure);
        }

        builder.Services.AddDataProtection();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<FeedbackTokens>();
        builder.Services.TryAddSingleton<FeedbackEndpoint>();
        return builder;
    }
}
