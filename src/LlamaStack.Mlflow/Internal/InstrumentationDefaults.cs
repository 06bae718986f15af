using LlamaStack.Instrumentation;
using Microsoft.Extensions.Options;

namespace LlamaStack.Mlflow;

/// <summary>What an instrumented client leaves open follows the mode that the application traces in.</summary>
internal sealed class InstrumentationDefaults(IOptions<MlflowTracingOptions> tracing) : IPostConfigureOptions<GenAIInstrumentationOptions>
{
    public void PostConfigure(string? name, GenAIInstrumentationOptions options)
    {
        var settings = tracing.Value;
        if (!settings.IsActive)
        {
            return;
        }

        options.ContentCapture ??= settings.EffectiveContentCapture;
        options.Redact ??= settings.Redact;
        options.MaxContentLength ??= settings.MaxContentLength;
        options.HonorIncomingSampling ??= settings.EffectiveHonorIncomingSampling;
        options.InjectTraceContext ??= !settings.EffectiveIncludeHttpSpans;
        options.AttachContent = true;
        options.WriteMessages = settings.Mode is TracingMode.Otlp;
    }
}
