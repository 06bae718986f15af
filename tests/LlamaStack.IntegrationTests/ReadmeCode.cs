using System.Text.RegularExpressions;
using LlamaStack.Instrumentation;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.IntegrationTests;

/// <summary>The lines of the README that are in no sample, so that they are compiled, too.</summary>
internal static partial class ReadmeCode
{
    [GeneratedRegex("[0-9]{16}")]
    private static partial Regex CardNumber { get; }

    public static void OneLine(WebApplicationBuilder builder)
    {
        builder.Services.AddLlamaStack().WithMlflowTracing();
    }

    public static void Redacted(WebApplicationBuilder builder)
    {
        builder.Services.AddLlamaStack().WithMlflowTracing(options =>
        {
            options.ContentCapture = ContentCapture.Redacted;
            options.Redact = text => CardNumber.Replace(text, "[card]");
        });
    }

    public static void ByHand(string conversationId)
    {
        using var agent = LlamaStackTrace.StartAgent("weather");
        LlamaStackTrace.SetSession(conversationId);
        LlamaStackTrace.SetTag("team", "support");
    }
}
