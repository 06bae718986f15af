using LlamaStack.Instrumentation;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.IntegrationTests;

/// <summary>The lines of the README that are in no sample, so that they are compiled, too.</summary>
internal static class ReadmeCode
{
    public static void OneLine(WebApplicationBuilder builder)
    {
        builder.Services.AddLlamaStack().WithMlflowTracing();
    }

    public static void ByHand(string conversationId)
    {
        using var agent = LlamaStackTrace.StartAgent("weather");
        LlamaStackTrace.SetSession(conversationId);
        LlamaStackTrace.SetTag("team", "support");
    }
}
