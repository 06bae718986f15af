using LlamaStack.Mlflow;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Traces the model calls of a LlamaStack client.</summary>
public static class MlflowLlamaStackBuilderExtensions
{
    /// <summary>
    /// Traces every model call of this client, and what the application adds by <see cref="LlamaStack.Instrumentation.LlamaStackTrace"/>, to MLflow: spans, delivery, health checks
    /// <c>mlflow</c> and <c>llamastack</c> (of a named server <c>llamastack-name</c>). It joins the application's own OpenTelemetry if there is one, and needs none.
    /// </summary>
    /// <param name="builder">What <c>AddLlamaStack()</c> returned.</param>
    /// <param name="configure">Settings in code; they go before configuration and environment.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="Options.OptionsValidationException">At the start of the host: a setting is wrong; the message says which.</exception>
    /// <remarks>Calling it again, for another client too, adds that client and its settings, and nothing twice.</remarks>
    public static ILlamaStackBuilder WithMlflowTracing(this ILlamaStackBuilder builder, Action<MlflowTracingOptions>? configure = null) =>
        TracingRegistration.Add(builder, TracingMode.Mlflow, configure);

    /// <summary>The same as <see cref="WithMlflowTracing"/>, with spans going over OTLP to a Collector unless the settings say otherwise.</summary>
    /// <param name="builder">What <c>AddLlamaStack()</c> returned.</param>
    /// <param name="configure">Settings in code; they go before configuration and environment.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="Options.OptionsValidationException">At the start of the host: a setting is wrong; the message says which.</exception>
    /// <remarks>The exporter is OpenTelemetry's own; all <c>OTEL_EXPORTER_OTLP_*</c> variables hold.</remarks>
    public static ILlamaStackBuilder WithOtlpTracing(this ILlamaStackBuilder builder, Action<MlflowTracingOptions>? configure = null) =>
        TracingRegistration.Add(builder, TracingMode.Otlp, configure);
}
