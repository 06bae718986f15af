namespace LlamaStack.Instrumentation;

/// <summary>Values of <c>gen_ai.provider.name</c> that a host name tells.</summary>
internal static class WellKnownProvider
{
    public const string LlamaStack = "llama_stack";

    public static string? Of(Uri server)
    {
        var host = server.Host;
        return host switch
        {
            "api.openai.com" => SemanticAttributes.OpenAI.Provider,
            "api.groq.com" => "groq",
            "api.deepseek.com" => "deepseek",
            "api.mistral.ai" => "mistral_ai",
            "api.x.ai" => "x_ai",
            "api.perplexity.ai" => "perplexity",
            _ when host.EndsWith(".openai.azure.com", StringComparison.OrdinalIgnoreCase) => "azure.ai.openai",
            _ when host.EndsWith(".services.ai.azure.com", StringComparison.OrdinalIgnoreCase) => "azure.ai.inference",
            _ => null,
        };
    }
}
